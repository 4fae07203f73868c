"""The result: one window's emotions, segment by segment, and the runs they merge into."""

from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple, Optional, Tuple

import numpy as np

from stf2m_ros.stream.absence import AbsenceReason

__all__ = ["NO_CLASS", "AbsenceReason", "EmotionSequence", "Modality", "Run", "Segment"]

NO_CLASS = -1
"""Class index of a segment in which nobody was seen or heard."""


class Modality(IntFlag):
    """What a segment was judged from."""

    NOTHING = 0
    FACE = 1
    WORDS = 2


class Segment(NamedTuple):  # not a frozen dataclass: sixty are made anew twice a second, and those are slow to make
    """One fine-grained segment (0.5 s by default). Times are seconds on the clock of the message stamps."""

    start_s: float
    end_s: float
    settled: bool  # False while later context may still change it (the newest 2 s)
    probabilities: np.ndarray  # (19,) calibrated softmax; zeros where the segment has no modality
    memberships: np.ndarray  # (18,) fuzzy value of each emotion at each level, may be mixed
    intensities: np.ndarray  # (6,) 0 to 1: p_low/3 + 2 p_medium/3 + p_high
    class_index: int  # index into CLASS_NAMES, or NO_CLASS
    confidence: float  # calibrated maximum probability
    modalities: Modality
    face_coverage: float  # share of the segment's slots that hold a face
    word_count: int
    absence: AbsenceReason
    components: np.ndarray  # (12,) component states in [-1, 1]
    component_mask: np.ndarray  # (12,) bool, False where undetermined
    rule_indices: Tuple[int, ...]  # fired rules, strongest first
    rule_strengths: Tuple[float, ...]


@dataclass(frozen=True)
class Run:
    """Neighbouring settled segments of one class."""

    class_index: int
    start_s: float
    end_s: float
    confidence: float  # mean over its segments
    intensity: float  # mean intensity of its emotion, 0 for neutral


@dataclass(frozen=True)
class EmotionSequence:
    """What the robot knows about the followed person in the last 30 seconds."""

    stamp_s: float  # stamp of the newest data that went in
    window_start_s: float
    window_end_s: float
    track_id: int  # grows by one with each newly followed person; 0 while nobody has been followed
    face_box: Optional[Tuple[int, int, int, int]]  # x, y, width, height in pixels of the newest image
    window_reset: bool  # True in the first sequence after another person was taken up, or time ran backwards
    present: bool  # the followed person's face was seen in the newest segment
    absence: AbsenceReason
    segments: Tuple[Segment, ...]
    runs: Tuple[Run, ...]
