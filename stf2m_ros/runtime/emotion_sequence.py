"""The result: one window's emotions, segment by segment, and the runs they merge into."""

from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from typing import Any, Dict, Optional, Tuple

import numpy as np

from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.stream.absence import AbsenceReason

__all__ = ["NO_CLASS", "AbsenceReason", "EmotionSequence", "Modality", "Run", "Segment", "to_dict"]

NO_CLASS = -1
"""Class index of a segment in which nobody was seen or heard."""


class Modality(IntFlag):
    """What a segment was judged from."""

    NOTHING = 0
    FACE = 1
    WORDS = 2


@dataclass(frozen=True)
class Segment:
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


def to_dict(result: Any) -> Dict[str, Any]:
    """A sequence, segment or run as what JSON knows, for JSON Lines.

    Seconds and pixels stay as they are, other numbers have four decimals; beside each class index stands its label
    (null for NO_CLASS); reasons and modalities are words.
    """
    plain = {field.name: _plain(field.name, getattr(result, field.name)) for field in fields(result)}
    if "class_index" in plain:
        plain["label"] = None if result.class_index == NO_CLASS else CLASS_NAMES[result.class_index]
    return plain


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Modality):
        return [modality.name.lower() for modality in (Modality.FACE, Modality.WORDS) if modality in value]
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, np.ndarray):
        return [_plain(name, item) for item in value.tolist()]
    if isinstance(value, tuple):
        return [to_dict(item) if hasattr(item, "__dataclass_fields__") else _plain(name, item) for item in value]
    if isinstance(value, float):
        return value if name.endswith("_s") else round(value, 4)
    return value
