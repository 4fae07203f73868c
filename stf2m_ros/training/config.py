"""The training configuration: defaults stand here, a YAML file says what differs."""

from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

import yaml

from stf2m_ros.meta.devices import DEVICE_SETTINGS
from stf2m_ros.meta.meta_training import MetaTrainingSettings
from stf2m_ros.meta.pretraining import PretrainingSettings
from stf2m_ros.meta.text_regression import KINDS
from stf2m_ros.meta.window_training import WindowTrainingSettings
from stf2m_ros.net.frame_encoder import FrameEncoderConfig, regions_along_a_side
from stf2m_ros.net.stf2m import WindowHeadConfig
from stf2m_ros.runtime.card import FuzzySettings
from stf2m_ros.runtime.plain_dataclasses import from_plain, to_plain
from stf2m_ros.stream.settings import Preprocessing, TextSettings, WindowGrid
from stf2m_ros.training.data_sources import DataSetSource
from stf2m_ros.training.fuzzy_ranges import FuzzyRangesSettings
from stf2m_ros.training.generated_clips import GeneratedClips


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that a training run depends on. The same configuration gives the same weights."""

    name: str = "generated_faces"
    model_version: str = "0.1.0"
    caveat: str = "trained on generated faces"
    seed: int = 1
    threads: int = 0  # 0: as torch chooses
    device: str = "auto"  # auto: a GPU where there is one; cpu, cuda
    work_folder: str = "runs/train"  # prepared clips, checkpoints, curves
    bundle_folder: str = "runs/train/bundle"
    rules: str = "config/rules/facs.yaml"
    start_from: str = ""  # a bundle whose frame encoder stage 1 begins with; else random weights
    start_head_from: str = ""  # a bundle whose window head, last layer and words stage 2 begins with; else random ones
    clips: GeneratedClips = field(default_factory=GeneratedClips)
    data_sets: Tuple[DataSetSource, ...] = ()  # beside the generated clips
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    grid: WindowGrid = field(default_factory=WindowGrid)
    text: TextSettings = field(default_factory=TextSettings)
    word_vectors: str = ""  # a GloVe file, or "clips" for the data sets' own vectors; else the subword table learns
    fuzzy: FuzzySettings = field(default_factory=FuzzySettings)
    encoder: FrameEncoderConfig = field(default_factory=FrameEncoderConfig)
    head: WindowHeadConfig = field(default_factory=WindowHeadConfig)
    pretraining: PretrainingSettings = field(default_factory=PretrainingSettings)
    window_training: WindowTrainingSettings = field(default_factory=WindowTrainingSettings)
    bilevel: bool = False  # go on from the single level with tasks, at two levels
    meta_training: MetaTrainingSettings = field(default_factory=MetaTrainingSettings)
    fuzzy_ranges: FuzzyRangesSettings = field(default_factory=FuzzyRangesSettings)

    def __post_init__(self) -> None:
        for key in ("seed", "threads"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key}: expected 0 or more, found {getattr(self, key)}")
        if self.device not in DEVICE_SETTINGS:
            raise ValueError(f"device: expected one of {', '.join(DEVICE_SETTINGS)}, found {self.device!r}")
        if self.start_from and self.pretraining.imagenet_weights:
            raise ValueError("expected start_from or pretraining.imagenet_weights, found both")
        if self.encoder.token_dim != self.head.token_dim:
            raise ValueError(
                f"head.token_dim must be the encoder's {self.encoder.token_dim}, found {self.head.token_dim}"
            )
        self._check_regions()
        self._check_grid()
        if self.text.dim != self.head.text_dim:
            raise ValueError(f"head.text_dim must be the text table's {self.text.dim}, found {self.head.text_dim}")
        if self.window_training.begin_at_regression:
            self._check_words_can_begin()

    def _check_regions(self) -> None:
        side, found = regions_along_a_side(self.preprocessing.size_px), (self.head.rows, self.head.columns)
        if not self.encoder.features and found != (side, side):
            raise ValueError(
                f"head.rows and head.columns must be {side} and {side} with preprocessing.size_px "
                f"{self.preprocessing.size_px}, found {found[0]} and {found[1]}"
            )

    def _check_grid(self) -> None:
        grid, sampling = self.grid, self.window_training.sampling
        if self.head.slots_per_segment != grid.slots_per_segment:
            raise ValueError(
                f"head.slots_per_segment must be the grid's {grid.slots_per_segment}, "
                f"found {self.head.slots_per_segment}"
            )
        if sampling.shortest_s > grid.span_s:
            raise ValueError(
                f"window_training.sampling.shortest_s: expected up to grid.span_s {grid.span_s:g}, "
                f"found {sampling.shortest_s:g}"
            )
        if sampling.gap_share and round(sampling.longest_gap_s / grid.slot_s) < 2:
            raise ValueError(
                f"window_training.sampling.longest_gap_s: expected two slots of {grid.slot_s:g} s or more, "
                f"found {sampling.longest_gap_s:g}; gap_share 0 leaves gaps out"
            )

    def _check_words_can_begin(self) -> None:
        """Said at once, not after hours of preparing."""
        if self.start_head_from:
            raise ValueError("expected start_head_from or window_training.begin_at_regression, found both")
        if self.word_vectors or not (self.head.word_evidence and self.text.add_up):
            raise ValueError(
                "window_training.begin_at_regression: expected head.word_evidence and text.add_up, and no word_vectors"
            )
        if min(self.text.rank, self.head.embedding_dim) <= KINDS:
            raise ValueError(
                f"window_training.begin_at_regression: expected text.rank and head.embedding_dim above {KINDS}, "
                f"found {self.text.rank} and {self.head.embedding_dim}"
            )

    def skipping_broken(self) -> "TrainingConfig":
        """The same, but what cannot be read of any data set is left out and listed."""
        return replace(self, data_sets=tuple(replace(each, skip_broken=True) for each in self.data_sets))

    def smallest_batch(self) -> int:
        """Of the stages that it asks for: no more processes than this can share every batch."""
        stages = [self.pretraining.optimiser.batch_size, self.window_training.optimiser.batch_size]
        if self.bilevel:
            meta = self.meta_training
            stages += [meta.tasks, meta.mixed_windows, *([meta.episodes.per_step] if meta.episodes.per_step else [])]
        return min(stages)


def load_config(path: Path) -> TrainingConfig:
    """Raises ValueError in one line: the file, the key, what was expected and found."""
    try:
        differing = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: expected a YAML file, found {' '.join(str(error).split())}") from error
    try:
        if not isinstance(differing, Mapping):
            raise ValueError(f"expected a mapping of keys, found {type(differing).__name__}")
        return from_plain(TrainingConfig, _complete(differing))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _complete(differing: Mapping[str, Any]) -> Dict[str, Any]:
    plain = _overlaid(to_plain(TrainingConfig()), differing)
    optional = {each.name: each.default for each in fields(DataSetSource) if each.default is not MISSING}
    if isinstance(plain["data_sets"], list):  # else the reader complains
        plain["data_sets"] = [
            {**optional, **source} if isinstance(source, Mapping) else source for source in plain["data_sets"]
        ]
    return plain


def _overlaid(defaults: Dict[str, Any], differing: Mapping[str, Any]) -> Dict[str, Any]:
    """The defaults with what differs, section by section; unknown keys stay, to be complained of by the reader."""
    both = dict(defaults)
    for key, value in differing.items():
        nested = isinstance(value, Mapping) and isinstance(defaults.get(key), Mapping)
        both[key] = _overlaid(defaults[key], value) if nested else value
    return both
