"""What each segment of a window was judged from, and why nobody was seen where nobody was."""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from stf2m_ros.runtime.emotion_sequence import Modality
from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.segment_text import SegmentText
from stf2m_ros.stream.settings import WindowGrid

_REASONS = tuple(AbsenceReason(value) for value in range(len(AbsenceReason)))
_MODALITIES = tuple(Modality(value) for value in range(4))


@dataclass(frozen=True)
class WindowEvidence:
    """The slots and the words of one window, oldest first."""

    start_s: float
    end_s: float
    absence: np.ndarray  # (T,) values of AbsenceReason, PRESENT where the slot holds a face
    text: SegmentText  # of S segments


@dataclass(frozen=True)
class SegmentEvidence:
    """What the S segments of a window were judged from, oldest first."""

    face_coverage: np.ndarray  # (S,) share of its slots that hold a face
    word_counts: np.ndarray  # (S,)
    words_known: np.ndarray  # (S,) bool, at least one of its words means something to the text embedding
    absence: Tuple[AbsenceReason, ...]  # why face_coverage is not more: the most frequent reason; PRESENT where it is 1

    @property
    def face_seen(self) -> np.ndarray:
        """(S,) bool."""
        return self.face_coverage > 0

    @property
    def modalities(self) -> Tuple[Modality, ...]:
        bits = self.face_seen * int(Modality.FACE) + self.words_known * int(Modality.WORDS)
        return tuple(_MODALITIES[each] for each in bits.tolist())


def segment_evidence(window: WindowEvidence, grid: WindowGrid) -> SegmentEvidence:
    """Of all segments at once: one by one they cost a robot more than the network's answer weighs."""
    slots = window.absence.reshape(grid.segments, grid.slots_per_segment)
    counts = (slots[:, :, None] == np.arange(len(_REASONS))).sum(axis=1)
    absent = grid.slots_per_segment - counts[:, AbsenceReason.PRESENT]
    counts[:, AbsenceReason.PRESENT] = 0  # the first of the reasons: where nothing else occurs, it is the largest
    return SegmentEvidence(
        face_coverage=1 - absent / grid.slots_per_segment,
        word_counts=window.text.word_counts,
        words_known=window.text.presence > 0,
        # Of equally frequent reasons the one of the lower number.
        absence=tuple(_REASONS[each] for each in counts.argmax(axis=1).tolist()),
    )
