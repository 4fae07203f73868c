"""What each segment of a window was judged from, and why nobody was seen where nobody was."""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from stf2m_ros.runtime.emotion_sequence import Modality
from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.segment_text import SegmentText
from stf2m_ros.stream.settings import WindowGrid


@dataclass(frozen=True)
class WindowEvidence:
    """The slots and the words of one window, oldest first."""

    start_s: float
    end_s: float
    absence: np.ndarray  # (T,) values of AbsenceReason, PRESENT where the slot holds a face
    text: SegmentText  # of S segments


@dataclass(frozen=True)
class SegmentEvidence:
    """What one segment was judged from."""

    face_coverage: float  # share of its slots that hold a face
    word_count: int
    words_known: bool  # at least one of its words means something to the text embedding
    absence: AbsenceReason  # why face_coverage is not more: the most frequent reason; PRESENT where it is 1

    @property
    def modalities(self) -> Modality:
        seen = Modality.FACE if self.face_coverage > 0 else Modality.NOTHING
        return seen | (Modality.WORDS if self.words_known else Modality.NOTHING)


def evidence_by_segment(window: WindowEvidence, grid: WindowGrid) -> Tuple[SegmentEvidence, ...]:
    """One entry per segment, oldest first."""
    slots = window.absence.reshape(grid.segments, grid.slots_per_segment)
    rows = zip(slots, window.text.word_counts, window.text.presence)
    return tuple(_judge(reasons, int(count), bool(known)) for reasons, count, known in rows)


def _judge(reasons: np.ndarray, word_count: int, words_known: bool) -> SegmentEvidence:
    absent = reasons[reasons != AbsenceReason.PRESENT]
    # Of equally frequent reasons the one of the lower number.
    reason = AbsenceReason(int(np.bincount(absent).argmax())) if absent.size else AbsenceReason.PRESENT
    return SegmentEvidence(1 - absent.size / reasons.size, word_count, words_known, reason)
