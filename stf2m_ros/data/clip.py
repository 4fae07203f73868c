"""The one form that every data set comes in."""

from dataclasses import dataclass, field
from typing import Mapping, Optional, Tuple

import numpy as np

from stf2m_ros.emotions import NEUTRAL_INDEX, NUM_CLASSES
from stf2m_ros.stream.timed_word import TimedWord

__all__ = ["Clip", "LabelInterval", "TimedWord"]


@dataclass(frozen=True)
class LabelInterval:
    """One stretch of time with one class (index into CLASS_NAMES).

    shares: how the stretch is shared among all NUM_CLASSES classes, summing to 1, where a set says more than one class
    (several emotions at once, a level that nobody gave); empty: all of it is class_index.
    """

    class_index: int
    start_s: float
    end_s: float
    shares: Tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.shares and (len(self.shares) != NUM_CLASSES or not abs(sum(self.shares) - 1) < 1e-3):
            raise ValueError(f"expected {NUM_CLASSES} shares that sum to 1, found {self.shares}")

    @property
    def is_neutral(self) -> bool:
        return self.class_index == NEUTRAL_INDEX


@dataclass(frozen=True)
class Clip:
    """One recording of one person.

    frames: (T, H, W, 3) RGB uint8 face crops, or None.  frame_s: (T,) seconds from the clip's start.
    components: (T, 12) states, NaN where undetermined, or None where the set knows none.
    features: (T, F) float32 ready visual features where a set gives them instead of pictures.
    word_vectors: (W, 300) float32, one for each of the words, where a set gives its own.
    facts: whatever else the set says of the clip, such as the person's age; never an input.
    """

    clip_id: str
    subject: str
    frames: Optional[np.ndarray]
    frame_s: np.ndarray
    words: Tuple[TimedWord, ...]  # seconds from the clip's start
    labels: Tuple[LabelInterval, ...]
    components: Optional[np.ndarray]
    # What follows is to be given by name.
    features: Optional[np.ndarray] = None
    word_vectors: Optional[np.ndarray] = None
    facts: Mapping[str, str] = field(default_factory=dict)
