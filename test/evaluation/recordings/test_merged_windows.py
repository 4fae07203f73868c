"""Gathering a clip's segments from sliding windows."""

import json

import numpy as np
import pytest
from segments import make_segment, make_sequence

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.evaluation.recordings.merged_windows import (
    MergedWindows,
    absent_spans,
    agreement,
    json_lines_of_runs,
    json_lines_of_segments,
    neutral_share,
    seen_share,
)
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, AbsenceReason, Modality
from stf2m_ros.runtime.sequence_builder import merge_runs


def test_a_later_window_replaces_what_an_earlier_one_said_of_the_same_segment():
    recording = MergedWindows()
    recording.add(make_sequence(make_segment(0.0, 3, settled=False)))
    recording.add(make_sequence(make_segment(0.0, 5, settled=True), make_segment(0.5, 5)))
    assert [each.class_index for each in recording.segments(0.0, 10.0)] == [5, 5]


def test_segments_that_left_the_window_are_kept():
    recording = MergedWindows()
    recording.add(make_sequence(make_segment(0.0, 3)))
    recording.add(make_sequence(make_segment(30.0, 4)))
    assert [each.start_s for each in recording.segments(0.0, 60.0)] == [0.0, 30.0]


def test_a_new_window_before_its_first_data_does_not_wipe_out_what_was_said():
    recording = MergedWindows()
    recording.add(make_sequence(make_segment(0.0, 3)))
    recording.add(make_sequence(make_segment(0.0, NO_CLASS, absence=AbsenceReason.WINDOW_FILLING)))
    assert recording.segments(0.0, 1.0)[0].class_index == 3


def test_segments_are_cut_to_the_clip_by_their_middle():
    recording = MergedWindows()
    recording.add(make_sequence(*(make_segment(0.5 * step, 1) for step in range(8))))
    assert [each.start_s for each in recording.segments(0.8, 2.2)] == [1.0, 1.5]


def test_the_time_without_a_face_comes_as_spans_with_their_reason():
    nobody = [make_segment(0.5 * step, NO_CLASS, absence=AbsenceReason.NO_FACE) for step in (1, 2)]
    segments = [make_segment(0.0, 1), *nobody, make_segment(1.5, 1)]
    assert absent_spans(segments) == ((0.5, 1.5, AbsenceReason.NO_FACE),)
    assert seen_share(segments) == pytest.approx(0.5)


def test_words_without_a_face_are_absence_of_the_face_but_not_of_everything():
    heard = make_segment(0.0, 1, modalities=Modality.WORDS, absence=AbsenceReason.NO_FACE)
    assert len(absent_spans([heard])) == 1
    assert absent_spans([heard], Modality.FACE | Modality.WORDS) == ()


def test_runs_are_written_as_json_lines_in_seconds_of_the_clip():
    runs = merge_runs([make_segment(100.0, 2), make_segment(100.5, 2), make_segment(101.0, NEUTRAL_INDEX)])
    lines = [json.loads(line) for line in json_lines_of_runs(runs, 100.0)]
    assert [(line["start_s"], line["end_s"], line["emotion"]) for line in lines] == [
        (0.0, 1.0, "happiness-high"),
        (1.0, 1.5, "neutral"),
    ]


def test_a_segment_in_which_nobody_was_seen_is_written_without_an_emotion():
    nobody = make_segment(0.0, NO_CLASS, absence=AbsenceReason.NO_FACE)
    line = json.loads(next(json_lines_of_segments([nobody], 0.0)))
    assert line["emotion"] is None
    assert line["absence"] == "no_face"
    assert set(line["components"].values()) == {None}
    assert np.sum(line["probabilities"]) == 0


def test_agreement_with_the_truth_is_of_emotions_and_leaves_out_what_nobody_knows():
    truth = [LabelInterval(0, 0.0, 1.0), LabelInterval(4, 1.0, 2.0)]
    segments = [make_segment(100.0 + 0.5 * step, index) for step, index in enumerate([2, NO_CLASS, 5, 9, 9])]
    assert agreement(segments, truth, 100.0) == pytest.approx(2 / 3)
    assert agreement(segments, [], 100.0) is None


def test_what_saying_neutral_throughout_would_reach_is_the_neutral_share_of_the_time():
    truth = [LabelInterval(0, 0.0, 3.0), LabelInterval(NEUTRAL_INDEX, 3.0, 4.0)]
    assert neutral_share(truth) == pytest.approx(0.25)
    assert neutral_share([]) == 0.0
