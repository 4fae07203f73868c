from typing import Sequence

import numpy as np
import pytest

from stf2m_ros.emotions import NEUTRAL_INDEX, class_index
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, Modality, Segment
from stf2m_ros.runtime.segment_evidence import WindowEvidence
from stf2m_ros.runtime.segment_values import NotFinite, SegmentValues
from stf2m_ros.runtime.sequence_builder import build_segments, intensities_of, merge_runs
from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.segment_text import SegmentText
from stf2m_ros.stream.settings import WindowGrid

GRID = WindowGrid(span_s=5.0)  # 10 segments of 5 slots
JOY, CALM = class_index("happiness", "high"), NEUTRAL_INDEX
PRESENT, NO_FACE, NO_IMAGES = AbsenceReason.PRESENT, AbsenceReason.NO_FACE, AbsenceReason.NO_IMAGES


def values_of(classes: Sequence[int], firing: Sequence[float] = (0.0,)) -> SegmentValues:
    logits = np.full((1, GRID.segments, 19), -2.0, np.float32)
    logits[0, np.arange(GRID.segments), list(classes)] = 2.0
    outputs = {
        "logits": logits,
        "memberships": np.full((1, GRID.segments, 19), 0.5, np.float32),
        "components": np.full((1, GRID.segments, 12), 0.25, np.float32),
        "firing": np.tile(np.array(firing, np.float32), (1, GRID.segments, 1)),
    }
    return SegmentValues.from_head(outputs, temperature=1.0, rules=len(firing))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_not_taken_for_a_class(wrong: float) -> None:
    outputs = {name: np.zeros((1, 2, 19), np.float32) for name in ("logits", "memberships", "components", "firing")}
    outputs["logits"][0, 1, 3] = wrong
    with pytest.raises(NotFinite, match="expected finite logits"):
        SegmentValues.from_head(outputs, temperature=1.0, rules=4)


def segments_of(
    values: SegmentValues,
    absence: Sequence[AbsenceReason] = (PRESENT,) * 50,
    word_counts: Sequence[int] = (0,) * 10,
    end_s: float = 105.0,
) -> Sequence[Segment]:
    counts = np.array(word_counts)
    text = SegmentText(np.zeros((10, 300), np.float32), (counts > 0).astype(np.float32), counts)
    window = WindowEvidence(end_s - GRID.span_s, end_s, np.array(absence, np.uint8), text)
    return build_segments(window, values, GRID)


def test_segments_cover_the_window_without_gaps() -> None:
    segments = segments_of(values_of([JOY] * 10))
    assert segments[0].start_s == 100.0
    assert segments[-1].end_s == 105.0
    assert all(left.end_s == right.start_s for left, right in zip(segments, segments[1:]))


def test_a_segment_keeps_its_edges_from_hop_to_hop() -> None:
    now = segments_of(values_of([JOY] * 10), end_s=1.8e9 + 0.1 * 5)
    later = segments_of(values_of([JOY] * 10), end_s=1.8e9 + 0.1 * 10)
    assert [each.start_s for each in now[1:]] == [each.start_s for each in later[:-1]]


def test_the_newest_two_seconds_are_unsettled() -> None:
    assert [segment.settled for segment in segments_of(values_of([JOY] * 10))] == [True] * 6 + [False] * 4


def test_the_most_probable_class_and_its_confidence_are_told() -> None:
    segment = segments_of(values_of([JOY] * 10))[0]
    assert segment.class_index == JOY
    assert segment.confidence == pytest.approx(float(segment.probabilities[JOY]))
    assert segment.probabilities.sum() == pytest.approx(1.0)


def test_a_temperature_calibrates_the_confidence() -> None:
    outputs = {
        "logits": np.array([[[1.0, *[0.0] * 18]]], np.float32),
        "memberships": np.zeros((1, 1, 19), np.float32),
        "components": np.zeros((1, 1, 12), np.float32),
        "firing": np.zeros((1, 1, 4), np.float32),
    }
    cold, warm = (SegmentValues.from_head(outputs, temperature, 4).probabilities[0, 0] for temperature in (1.0, 4.0))
    assert cold == pytest.approx(np.e / (np.e + 18))
    assert warm == pytest.approx(np.e**0.25 / (np.e**0.25 + 18))


def test_intensity_counts_a_third_two_thirds_and_all() -> None:
    probabilities = np.zeros(19, np.float32)
    probabilities[:3] = [0.3, 0.3, 0.4]
    assert intensities_of(probabilities)[0] == pytest.approx(0.1 + 0.2 + 0.4)
    assert intensities_of(probabilities)[1:].tolist() == [0.0] * 5


def test_where_nobody_is_seen_or_heard_nothing_is_said() -> None:
    segment = segments_of(values_of([JOY] * 10), absence=[NO_FACE] * 50)[3]
    assert segment.class_index == NO_CLASS
    assert segment.modalities == Modality.NOTHING
    assert segment.confidence == 0.0
    assert not segment.probabilities.any()
    assert not segment.intensities.any()
    assert not segment.component_mask.any()
    assert segment.absence == NO_FACE


def test_words_alone_are_judged_but_have_no_facial_components_or_rules() -> None:
    counts = [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]
    segments = segments_of(values_of([JOY] * 10, firing=[0.9]), absence=[NO_FACE] * 50, word_counts=counts)
    assert segments[3].modalities == Modality.WORDS
    assert segments[3].class_index == JOY
    assert segments[3].word_count == 2
    assert not segments[3].components.any()
    assert not segments[3].component_mask.any()
    assert not segments[3].memberships.any()
    assert segments[3].rule_indices == ()
    assert segments[4].class_index == NO_CLASS


def test_coverage_is_the_share_of_slots_with_a_face_and_the_reason_is_the_most_frequent() -> None:
    absence = [PRESENT, PRESENT, NO_IMAGES, NO_FACE, NO_FACE, *[PRESENT] * 45]
    segments = segments_of(values_of([JOY] * 10), absence=absence)
    assert segments[0].face_coverage == pytest.approx(0.4)
    assert segments[0].absence == NO_FACE
    assert segments[0].modalities == Modality.FACE
    assert (segments[1].face_coverage, segments[1].absence) == (1.0, PRESENT)


def test_fired_rules_come_strongest_first_and_five_at_most() -> None:
    firing = [0.01, 0.3, 0.9, 0.0, 0.5, 0.2, 0.4, 0.1]
    segment = segments_of(values_of([JOY] * 10, firing))[0]
    assert segment.rule_indices == (2, 4, 6, 1, 5)
    assert segment.rule_strengths == pytest.approx((0.9, 0.5, 0.4, 0.3, 0.2))


def test_rules_that_hardly_fire_are_not_told() -> None:
    assert segments_of(values_of([JOY] * 10, firing=[0.04, 0.0]))[0].rule_indices == ()


def test_settled_neighbours_of_one_class_merge_into_a_run() -> None:
    runs = merge_runs(segments_of(values_of([JOY] * 3 + [CALM] * 2 + [JOY] * 5)))
    assert [(run.class_index, run.start_s, run.end_s) for run in runs] == [
        (JOY, 100.0, 101.5),
        (CALM, 101.5, 102.5),
        (JOY, 102.5, 103.0),  # the rest is not settled
    ]


def test_absence_ends_a_run() -> None:
    absence = [*[PRESENT] * 5, *[NO_FACE] * 5, *[PRESENT] * 40]
    runs = merge_runs(segments_of(values_of([JOY] * 10), absence=absence))
    assert [(run.start_s, run.end_s) for run in runs] == [(100.0, 100.5), (101.0, 103.0)]


def test_a_run_tells_mean_confidence_and_the_intensity_of_its_emotion() -> None:
    segments = segments_of(values_of([JOY] * 3 + [CALM] * 7))
    joy, calm = merge_runs(segments)
    assert joy.confidence == pytest.approx(np.mean([segment.confidence for segment in segments[:3]]))
    assert joy.intensity == pytest.approx(float(segments[0].intensities[0]))
    assert calm.intensity == 0.0
