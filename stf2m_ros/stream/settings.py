"""Settings that the stream shares with training and that stand in a bundle's card: plain data that checks itself."""

from dataclasses import dataclass, field
from typing import Tuple


def _require(holds: bool, expected: str, found: object) -> None:
    if not holds:
        raise ValueError(f"expected {expected}, found {found!r}")


def _is_multiple(whole: float, part: float) -> bool:
    return abs(whole / part - round(whole / part)) < 1e-6 and round(whole / part) >= 1


@dataclass(frozen=True)
class Preprocessing:
    """How a face crop becomes the frame encoder's input: RGB, square, (x / 255 - mean) / std, channels first."""

    size_px: int = 112
    box_scale: float = 1.2  # side of the square crop, as a multiple of the detector's face box
    mean: Tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: Tuple[float, float, float] = (0.25, 0.25, 0.25)

    def __post_init__(self) -> None:
        _require(8 <= self.size_px <= 1024, "size_px between 8 and 1024", self.size_px)
        _require(0.2 <= self.box_scale <= 5, "box_scale between 0.2 and 5", self.box_scale)
        _require(len(self.mean) == 3, "mean of 3 channels", self.mean)
        _require(len(self.std) == 3 and all(value > 0 for value in self.std), "std of 3 channels above 0", self.std)


@dataclass(frozen=True)
class WindowGrid:
    """The time grid of METHOD section 1: slots and segments lie on multiples of the stamp clock."""

    span_s: float = 30.0
    slot_s: float = 0.1
    segment_s: float = 0.5
    hop_s: float = 0.5
    settle_s: float = 2.0

    def __post_init__(self) -> None:
        _require(0 < self.slot_s <= self.segment_s, f"slot_s above 0, up to segment_s={self.segment_s}", self.slot_s)
        _require(_is_multiple(self.segment_s, self.slot_s), f"segment_s a multiple of {self.slot_s}", self.segment_s)
        _require(_is_multiple(self.hop_s, self.segment_s), f"hop_s a multiple of {self.segment_s}", self.hop_s)
        _require(_is_multiple(self.span_s, self.segment_s), f"span_s a multiple of {self.segment_s}", self.span_s)
        _require(0 <= self.settle_s <= self.span_s, f"settle_s between 0 and span_s={self.span_s}", self.settle_s)

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
    """The subword table: character n-grams hashed (crc32 of UTF-8) into buckets, their mean projected to dim.

    pairs: a word is also looked up together with the one before it. add_up: a segment's vector is the sum of its words,
    each counted once, where its middle lies; else the mean of those that overlap it. whole_utterances: every segment
    has the sum of the whole utterance that it lies in, divided by the root of how many words and marks that has, and a
    word is also looked up together with the utterance's marks: "great" is another word in "great?!" than in "great".
    The words of the utterance before it are added likewise, looked up as such.
    """

    dim: int = 300
    buckets: int = 4096
    rank: int = 32
    min_n: int = 3
    max_n: int = 5
    pairs: bool = field(default=False, metadata={"added_later": True})
    add_up: bool = field(default=False, metadata={"added_later": True})
    whole_utterances: bool = field(default=False, metadata={"added_later": True})

    @property
    def lookups(self) -> int:
        """How many texts are looked up for a word or mark."""
        return 1 + self.pairs + self.whole_utterances

    def __post_init__(self) -> None:
        _require(self.add_up or not self.whole_utterances, "add_up with whole_utterances", self.add_up)
        for name in ("dim", "buckets", "rank"):
            _require(getattr(self, name) >= 1, f"{name} of at least 1", getattr(self, name))
        _require(1 <= self.min_n <= self.max_n, f"min_n between 1 and max_n={self.max_n}", self.min_n)
