"""What the weights of each stage depend on, part by part: their checkpoints keep it and are held to it.

What changes no weights is no part of it: device, threads, workers, folders, names, how often a checkpoint is written.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Sequence, Union

from torch import nn

from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.meta.checkpoint import MadeFrom, changed_parts
from stf2m_ros.meta.training_loop import OptimiserSettings
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE
from stf2m_ros.training.bundle_head import HEAD_FILES
from stf2m_ros.training.clip_names import WINDOW_CLIPS
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.generated_clips import generated

PRETRAINING, WINDOWS, META, WINDOWS_AT, META_AT = "pretraining", "windows", "meta", "windows_at", "meta_at"
"""Stages, named as their checkpoints are; the last two go on at fitted ranges, which stand behind the name."""


class Changed(NamedTuple):
    """A checkpoint of another configuration, and which parts of that were others."""

    path: Path
    parts: List[str]


def settings_of(stage: str, config: TrainingConfig) -> MadeFrom:
    """What of the configuration the stage depends on; a later one depends on all that the earlier ones do."""
    return {part: fingerprint(value) for part, value in _SETTINGS[stage](config).items()}


def changed_checkpoints(stages: Sequence[str], config: TrainingConfig) -> List[Changed]:
    """Those of these stages in the work folder that were made with other settings."""
    found = []
    for stage in stages:
        file = f"{stage}_*.safetensors" if stage in (WINDOWS_AT, META_AT) else f"{stage}.safetensors"
        for path in sorted(Path(config.work_folder).glob(file)):
            if parts := changed_parts(path, settings_of(stage, config)):
                found.append(Changed(path, parts))
    return found


def weights_stamp(module: nn.Module) -> str:
    """A name for a module's weights: the beginning of their sha256."""
    digest = hashlib.sha256()
    for tensor in module.state_dict().values():
        digest.update(tensor.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def _of_pretraining(config: TrainingConfig) -> Dict[str, object]:
    head, settings = config.head, config.pretraining
    return {
        "seed": config.seed,
        "clips": _clips(config, "train"),
        "data_sets": [(source.name, source.validation_share) for source in config.data_sets],
        "preprocessing": config.preprocessing,
        "grid": config.grid.slot_s,
        "encoder": config.encoder,
        "head": (head.rows, head.columns, head.token_dim),
        "start_from": _content(config.start_from and f"{config.start_from}/{FRAME_ENCODER_FILE}"),
        "pretraining": replace(
            settings, imagenet_weights=_content(settings.imagenet_weights), optimiser=_steps(settings.optimiser)
        ),
    }


def _of_windows(config: TrainingConfig) -> Dict[str, object]:
    fuzzy, grid, settings = config.fuzzy, config.grid, config.window_training
    table = load_rule_base(Path(config.rules)).table(fuzzy.max_rules)
    return {
        **_of_pretraining(config),
        "clips": _clips(config, "train", WINDOW_CLIPS, "validation"),  # the words of the last are known too
        "grid": (grid.slot_s, grid.segment_s, grid.span_s),
        "head": _head(config),
        "text": config.text,
        "word_vectors": _size(config.word_vectors),
        "rules": (table.codes, table.weights, table.free, table.emotion, table.level),
        "fuzzy": (fuzzy.component_range, fuzzy.intensity_range),
        "window_training": replace(settings, optimiser=_steps(settings.optimiser)),
    }


def _of_meta(config: TrainingConfig) -> Dict[str, object]:
    settings = replace(config.meta_training, optimiser=_steps(config.meta_training.optimiser), over_tasks="auto")
    return {**_of_windows(config), "meta_training": settings}


def _of_windows_at(config: TrainingConfig) -> Dict[str, object]:
    again = config.fuzzy_ranges.again(config.window_training.optimiser)
    return {**_of_windows(config), "fuzzy_ranges": _steps(again)}


def _of_meta_at(config: TrainingConfig) -> Dict[str, object]:
    return {**_of_meta(config), "fuzzy_ranges": _steps(config.fuzzy_ranges.again(config.meta_training.optimiser))}


_SETTINGS: Dict[str, Callable[[TrainingConfig], Dict[str, object]]] = {
    PRETRAINING: _of_pretraining,
    WINDOWS: _of_windows,
    META: _of_meta,
    WINDOWS_AT: _of_windows_at,
    META_AT: _of_meta_at,
}


def _steps(optimiser: OptimiserSettings) -> OptimiserSettings:
    return replace(optimiser, checkpoint_s=0.0)


def _clips(config: TrainingConfig, *uses: str) -> list:
    made = generated(config.clips, config.preprocessing)
    return [] if config.encoder.features else [made[use] for use in uses]


def _head(config: TrainingConfig) -> object:
    """With the bundle that it begins with, where there is one: so older checkpoints, which had none, stay valid."""
    if not config.start_head_from:
        return config.head
    return config.head, [_content(f"{config.start_head_from}/{file}") for file in HEAD_FILES]


def _content(path: str) -> str:
    """Of a file, wherever it lies and however old it is; empty where there is none, which who reads it tells."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path and Path(path).is_file() else ""


def _size(word_vectors: str) -> Union[int, str]:
    """Of a GloVe file, which may be too large to be read for this alone; the vectors themselves are held to later."""
    return Path(word_vectors).stat().st_size if word_vectors and Path(word_vectors).is_file() else word_vectors
