"""What the window head says -> segments and runs that a person can read."""

from typing import List, Sequence, Tuple

import numpy as np

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NUM_CLASSES, NUM_EMOTION_CLASSES
from stf2m_ros.fuzzy.components import NUM_COMPONENTS
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, Modality, Run, Segment
from stf2m_ros.runtime.segment_evidence import SegmentEvidence, WindowEvidence, evidence_by_segment
from stf2m_ros.runtime.segment_values import SegmentValues
from stf2m_ros.stream.settings import WindowGrid

MAX_FIRED_RULES = 5
MIN_FIRING = 0.05  # a rule that fires less explains nothing
_LEVEL_SHARES = np.array([1 / 3, 2 / 3, 1], np.float32)  # low, medium, high of the way to the fullest expression


def build_segments(window: WindowEvidence, values: SegmentValues, grid: WindowGrid) -> Tuple[Segment, ...]:
    """Every segment of the window, oldest first."""
    settled_until_s = window.end_s - grid.settle_s
    first = round(window.start_s / grid.segment_s)  # counted: a segment keeps its edges from hop to hop to the last bit
    segments = []
    for index, evidence in enumerate(evidence_by_segment(window, grid)):
        start_s, end_s = ((first + index + after) * grid.segment_s for after in (0, 1))
        settled = end_s <= settled_until_s + grid.slot_s / 2
        segments.append(_segment(start_s, end_s, settled, evidence, values, index))
    return tuple(segments)


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
    """(19,) probabilities -> (6,) p_low/3 + 2 p_medium/3 + p_high. Source: METHOD section 1 (ours)."""
    return probabilities[:NUM_EMOTION_CLASSES].reshape(len(EMOTIONS), len(INTENSITIES)) @ _LEVEL_SHARES


def _segment(
    start_s: float, end_s: float, settled: bool, evidence: SegmentEvidence, values: SegmentValues, index: int
) -> Segment:
    modalities = evidence.modalities
    judged = modalities != Modality.NOTHING
    # Components, and the fuzzy values and rules that follow from them, are read off a face: words alone have none.
    face = bool(modalities & Modality.FACE)
    probabilities = values.probabilities[index] if judged else np.zeros(NUM_CLASSES, np.float32)
    rules = _fired_rules(values.firing[index]) if face else ()
    return Segment(
        start_s=start_s,
        end_s=end_s,
        settled=settled,
        probabilities=probabilities,
        memberships=values.memberships[index] if face else np.zeros(NUM_EMOTION_CLASSES, np.float32),
        intensities=intensities_of(probabilities),
        class_index=int(probabilities.argmax()) if judged else NO_CLASS,
        confidence=float(probabilities.max()),
        modalities=modalities,
        face_coverage=evidence.face_coverage,
        word_count=evidence.word_count,
        absence=evidence.absence,
        components=values.components[index] if face else np.zeros(NUM_COMPONENTS, np.float32),
        component_mask=np.full(NUM_COMPONENTS, face),
        rule_indices=tuple(rule for rule, _ in rules),
        rule_strengths=tuple(strength for _, strength in rules),
    )


def _fired_rules(firing: np.ndarray) -> Tuple[Tuple[int, float], ...]:
    """(index, strength) of the rules that fired, strongest first."""
    strongest = np.argsort(-firing, kind="stable")[:MAX_FIRED_RULES]
    return tuple((int(rule), float(firing[rule])) for rule in strongest if firing[rule] >= MIN_FIRING)


def _run(group: Sequence[Segment]) -> Run:
    class_index = group[0].class_index
    emotion = class_index // len(INTENSITIES)
    is_emotion = class_index < NUM_EMOTION_CLASSES
    return Run(
        class_index=class_index,
        start_s=group[0].start_s,
        end_s=group[-1].end_s,
        confidence=float(np.mean([segment.confidence for segment in group])),
        intensity=float(np.mean([segment.intensities[emotion] for segment in group])) if is_emotion else 0.0,
    )
