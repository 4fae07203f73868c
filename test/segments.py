"""Segments and windows for tests, made of what matters to them."""

import numpy as np

from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, AbsenceReason, EmotionSequence, Modality, Segment
from stf2m_ros.runtime.sequence_builder import intensities_of

SEGMENT_S = 0.5
CERTAINTY = 0.8


def make_segment(start_s, class_index, settled=True, modalities=None, absence=AbsenceReason.PRESENT):
    """A segment of one class with probability 0.8, or of nobody for NO_CLASS."""
    seen = class_index != NO_CLASS
    modalities = (Modality.FACE if seen else Modality.NOTHING) if modalities is None else modalities
    probabilities = np.zeros(NUM_CLASSES, np.float32)
    if seen:
        probabilities[:] = (1 - CERTAINTY) / (NUM_CLASSES - 1)
        probabilities[class_index] = CERTAINTY
    face = bool(modalities & Modality.FACE)
    return Segment(
        start_s=start_s,
        end_s=start_s + SEGMENT_S,
        settled=settled,
        probabilities=probabilities,
        memberships=np.zeros(18, np.float32),
        intensities=intensities_of(probabilities),
        class_index=class_index,
        confidence=float(probabilities.max()),
        modalities=modalities,
        face_coverage=float(face),
        word_count=int(bool(modalities & Modality.WORDS)),
        absence=absence,
        components=np.linspace(-1, 1, 12, dtype=np.float32),
        component_mask=np.full(12, face),
        rule_indices=(),
        rule_strengths=(),
    )


def make_sequence(*segments):
    """A window that holds just these segments."""
    newest = segments[-1]
    return EmotionSequence(
        stamp_s=newest.end_s,
        window_start_s=segments[0].start_s,
        window_end_s=newest.end_s,
        track_id=1,
        face_box=None,
        window_reset=False,
        present=bool(newest.modalities & Modality.FACE),
        absence=newest.absence,
        segments=tuple(segments),
        runs=(),
    )
