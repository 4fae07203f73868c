"""What the window head says -> segments and runs that a person can read."""

from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NUM_EMOTION_CLASSES
from stf2m_ros.fuzzy.components import NUM_COMPONENTS
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, Run, Segment
from stf2m_ros.runtime.segment_evidence import SegmentEvidence, WindowEvidence, segment_evidence
from stf2m_ros.runtime.segment_values import SegmentValues
from stf2m_ros.stream.settings import WindowGrid

MAX_FIRED_RULES = 5
MIN_FIRING = 0.05  # a rule that fires less explains nothing
_NOTHING = np.float32(0)
_LEVEL_SHARES = np.array([1 / 3, 2 / 3, 1], np.float32)  # low, medium, high of the way to the fullest expression


def build_segments(window: WindowEvidence, values: SegmentValues, grid: WindowGrid) -> Tuple[Segment, ...]:
    """Every segment of the window, oldest first."""
    columns = {**_edges(window, grid), **_told(values, segment_evidence(window, grid))}
    return tuple(map(Segment._make, zip(*(columns[name] for name in Segment._fields))))


def merge_runs(segments: Sequence[Segment]) -> Tuple[Run, ...]:
    """Neighbouring settled segments of one class as one run; a segment without a class ends a run."""
    groups: List[List[Segment]] = []
    previous = NO_CLASS
    for segment in segments:
        current = segment.class_index if segment.settled else NO_CLASS
        if current != NO_CLASS and current == previous:
            groups[-1].append(segment)
        elif current != NO_CLASS:
            groups.append([segment])
        previous = current
    return tuple(_run(group) for group in groups)


def intensities_of(probabilities: np.ndarray) -> np.ndarray:
    """(..., 19) probabilities -> (..., 6) p_low/3 + 2 p_medium/3 + p_high. Source: METHOD section 1 (ours)."""
    levels = probabilities[..., :NUM_EMOTION_CLASSES]
    return levels.reshape(*levels.shape[:-1], len(EMOTIONS), len(INTENSITIES)) @ _LEVEL_SHARES


def _edges(window: WindowEvidence, grid: WindowGrid) -> Dict[str, Sequence]:
    """Begin and end of each segment, and whether it is settled."""
    first = round(window.start_s / grid.segment_s)  # counted: a segment keeps its edges from hop to hop to the last bit
    edges_s = [(first + index) * grid.segment_s for index in range(grid.segments + 1)]
    settled_until_s = window.end_s - grid.settle_s + grid.slot_s / 2
    return {
        "start_s": edges_s[:-1],
        "end_s": edges_s[1:],
        "settled": [end_s <= settled_until_s for end_s in edges_s[1:]],
    }


def _told(values: SegmentValues, evidence: SegmentEvidence) -> Dict[str, Iterable]:
    """What is said of each segment, by the names of Segment's fields."""
    face = evidence.face_seen[:, None]
    judged = face[:, 0] | evidence.words_known
    probabilities = np.where(judged[:, None], values.probabilities, _NOTHING)
    rule_indices, rule_strengths = _fired_rules(values.firing, evidence.face_seen)
    return {
        "probabilities": probabilities,
        # Components, and the fuzzy values and rules that follow from them, are read off a face: words alone have none.
        "memberships": np.where(face, values.memberships, _NOTHING),
        "intensities": intensities_of(probabilities),
        "class_index": np.where(judged, probabilities.argmax(axis=1), NO_CLASS).tolist(),
        "confidence": probabilities.max(axis=1).tolist(),
        "modalities": evidence.modalities,
        "face_coverage": evidence.face_coverage.tolist(),
        "word_count": evidence.word_counts.tolist(),
        "absence": evidence.absence,
        "components": np.where(face, values.components, _NOTHING),
        "component_mask": face.repeat(NUM_COMPONENTS, axis=1),
        "rule_indices": rule_indices,
        "rule_strengths": rule_strengths,
    }


def _fired_rules(firing: np.ndarray, face_seen: np.ndarray) -> Tuple[List[tuple], List[tuple]]:
    """Indices and strengths of the rules that fired in each segment, strongest first; none where no face is seen."""
    strongest = np.argsort(-firing, axis=1, kind="stable")[:, :MAX_FIRED_RULES]
    strengths = firing[np.arange(len(firing))[:, None], strongest]
    fired = ((strengths >= MIN_FIRING).sum(axis=1) * face_seen).tolist()
    both = (strongest.tolist(), strengths.tolist())
    indices, values = ([tuple(row[:count]) for row, count in zip(rows, fired)] for rows in both)
    return indices, values


def _run(group: Sequence[Segment]) -> Run:
    class_index = group[0].class_index
    emotion = class_index // len(INTENSITIES)
    is_emotion = class_index < NUM_EMOTION_CLASSES
    return Run(
        class_index=class_index,
        start_s=group[0].start_s,
        end_s=group[-1].end_s,
        confidence=sum(segment.confidence for segment in group) / len(group),
        intensity=sum(float(segment.intensities[emotion]) for segment in group) / len(group) if is_emotion else 0.0,
    )
