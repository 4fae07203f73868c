"""The one form that every data set comes in."""
from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from stf2m_ros.stream.timed_word import TimedWord

__all__ = ["Clip", "LabelInterval", "TimedWord"]


@dataclass(frozen=True)
class LabelInterval:
    """One stretch of time with one class (index into CLASS_NAMES)."""

    class_index: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Clip:
    """One recording of one person.

    frames: (T, H, W, 3) RGB uint8 face crops, or None.  frame_s: (T,) seconds from the clip's start.
    components: (T, 12) states, NaN where undetermined, or None where the set knows none.
    """

    clip_id: str
    subject: str
    frames: Optional[np.ndarray]
    frame_s: np.ndarray
    words: Tuple[TimedWord, ...]  # seconds from the clip's start
    labels: Tuple[LabelInterval, ...]
    components: Optional[np.ndarray]
