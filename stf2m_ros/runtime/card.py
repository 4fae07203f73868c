"""The card of a model bundle: the contract between training and robot. Plain data; reading files is bundle.py's."""
from dataclasses import dataclass, field
from typing import Any, Dict, Tuple

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Preprocessing:
    """How a face crop becomes the frame encoder's input: RGB, square, (x / 255 - mean) / std, channels first."""

    size_px: int = 112
    box_scale: float = 1.2  # side of the square crop, as a multiple of the detector's face box
    mean: Tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: Tuple[float, float, float] = (0.25, 0.25, 0.25)


@dataclass(frozen=True)
class WindowGrid:
    """The time grid of METHOD section 1: slots and segments lie on multiples of the stamp clock."""

    span_s: float = 30.0
    slot_s: float = 0.1
    segment_s: float = 0.5
    hop_s: float = 0.5
    settle_s: float = 2.0

    @property
    def slots(self) -> int:
        return round(self.span_s / self.slot_s)

    @property
    def segments(self) -> int:
        return round(self.span_s / self.segment_s)

    @property
    def slots_per_segment(self) -> int:
        return round(self.segment_s / self.slot_s)


@dataclass(frozen=True)
class TextSettings:
    """The subword table: character n-grams hashed (crc32 of UTF-8) into buckets, their mean projected to dim."""

    dim: int = 300
    buckets: int = 4096
    rank: int = 32
    min_n: int = 3
    max_n: int = 5


@dataclass(frozen=True)
class FuzzySettings:
    """The fitted membership ranges, and how many rules the window head has room for."""

    component_range: float = 0.4
    intensity_range: float = 0.4
    max_rules: int = 64


@dataclass(frozen=True)
class TokenShape:
    """Shapes that the two engines share: regions per frame, numbers per token, numbers per segment embedding."""

    regions: int = 16
    token_dim: int = 64
    embedding_dim: int = 128


@dataclass(frozen=True)
class BundleCard:
    """Everything a bundle says of itself (bundle.yaml)."""

    name: str
    model_version: str
    caveat: str
    files: Dict[str, str]  # file name -> sha256
    classes: Tuple[str, ...]
    components: Tuple[str, ...]
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    grid: WindowGrid = field(default_factory=WindowGrid)
    text: TextSettings = field(default_factory=TextSettings)
    fuzzy: FuzzySettings = field(default_factory=FuzzySettings)
    tokens: TokenShape = field(default_factory=TokenShape)
    temperature: float = 1.0  # logits are divided by it
    training: Dict[str, Any] = field(default_factory=dict)
    scores: Dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION
