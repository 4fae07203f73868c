"""A whole clip's emotions, gathered from the 30 s windows that slide over it."""

import json
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, AbsenceReason, EmotionSequence, Modality, Run, Segment

_TICKS_PER_S = 1000


class MergedWindows:
    """Segments of all windows: they keep their edges from window to window, and later values replace earlier ones."""

    def __init__(self) -> None:
        self._segments: Dict[int, Segment] = {}

    def add(self, sequence: EmotionSequence) -> None:
        """Take over what this window says. What lies before its first data says nothing and changes nothing."""
        for segment in sequence.segments:
            if segment.modalities == Modality.NOTHING and segment.absence == AbsenceReason.WINDOW_FILLING:
                continue
            self._segments[round(segment.start_s * _TICKS_PER_S)] = segment

    def segments(self, start_s: float, end_s: float) -> Tuple[Segment, ...]:
        """The segments whose middle lies in [start_s, end_s), oldest first."""
        ordered = (self._segments[tick] for tick in sorted(self._segments))
        return tuple(each for each in ordered if start_s <= (each.start_s + each.end_s) / 2 < end_s)

    @property
    def span_s(self) -> Tuple[float, float]:
        """From the first segment's start to the last one's end; (0, 0) while there is none."""
        if not self._segments:
            return 0.0, 0.0
        return self._segments[min(self._segments)].start_s, self._segments[max(self._segments)].end_s


def seen_share(segments: Sequence[Segment]) -> float:
    """The share of the time in which a face was seen, 0 to 1."""
    return sum(each.face_coverage for each in segments) / max(1, len(segments))


def agreement(segments: Sequence[Segment], truth: Sequence[LabelInterval], origin_s: float) -> Optional[float]:
    """Share of the segments whose emotion, at whatever intensity, is that of the truth at their middle.

    truth: seconds from origin_s. None where no segment has both an emotion and a truth.
    """
    hits = []
    for each in segments:
        middle_s = (each.start_s + each.end_s) / 2 - origin_s
        label = next((label for label in truth if label.start_s <= middle_s < label.end_s), None)
        if label is not None and each.class_index != NO_CLASS:
            hits.append(each.class_index // len(INTENSITIES) == label.class_index // len(INTENSITIES))
    return sum(hits) / len(hits) if hits else None


def neutral_share(truth: Sequence[LabelInterval]) -> float:
    """The share of the truth that is neutral: what one would reach who never saw an emotion."""
    neutral_s = sum(each.end_s - each.start_s for each in truth if each.class_index == NEUTRAL_INDEX)
    return neutral_s / (sum(each.end_s - each.start_s for each in truth) or 1.0)


def absent_spans(
    segments: Sequence[Segment], modalities: Modality = Modality.FACE
) -> Tuple[Tuple[float, float, AbsenceReason], ...]:
    """(start_s, end_s, reason) of every stretch without any of these modalities: in which nobody was seen."""
    spans: List[Tuple[float, float, AbsenceReason]] = []
    for each in segments:
        if each.modalities & modalities:
            continue
        if spans and spans[-1][1] == each.start_s and spans[-1][2] == each.absence:
            spans[-1] = (spans[-1][0], each.end_s, each.absence)
        else:
            spans.append((each.start_s, each.end_s, each.absence))
    return tuple(spans)


def json_lines_of_runs(runs: Sequence[Run], origin_s: float) -> Iterator[str]:
    """One line for each entry of the emotion-change sequence; seconds from origin_s."""
    for run in runs:
        yield _json_line(
            start_s=run.start_s - origin_s,
            end_s=run.end_s - origin_s,
            emotion=CLASS_NAMES[run.class_index],
            confidence=run.confidence,
            intensity=run.intensity,
        )


def json_lines_of_segments(segments: Sequence[Segment], origin_s: float) -> Iterator[str]:
    """One line for each segment; seconds from origin_s. A component that could not be determined is null."""
    for each in segments:
        yield _json_line(
            start_s=each.start_s - origin_s,
            end_s=each.end_s - origin_s,
            settled=each.settled,
            emotion=None if each.class_index == NO_CLASS else CLASS_NAMES[each.class_index],
            confidence=each.confidence,
            intensities=dict(zip(EMOTIONS, map(float, each.intensities))),
            probabilities=[float(p) for p in each.probabilities],
            face_coverage=each.face_coverage,
            word_count=each.word_count,
            absence=AbsenceReason(each.absence).name.lower(),
            components={
                name: float(state) if known else None
                for name, state, known in zip(COMPONENTS, each.components, each.component_mask)
            },
        )


def _json_line(**values: Any) -> str:
    return json.dumps(_rounded(values))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
