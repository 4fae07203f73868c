import numpy as np
import pytest

from stf2m_ros.evaluation.scores.sequences import SILENT, emotions_only, runs_of, sequence_scores


def scores(expected, said):
    return sequence_scores(np.array(expected), np.array(said), segment_s=0.5, hop_s=0.5)


def test_neighbours_of_one_class_are_one_run():
    runs = runs_of(np.array([18, 18, 4, 4, 4, 18]), 0.5)
    assert runs.classes == (18, 4, 18)
    assert runs.intervals_s.tolist() == [[0, 1], [1, 2.5], [2.5, 3]]


def test_a_perfect_sequence():
    found = scores([18, 18, 4, 4], [18, 18, 4, 4])
    assert list(found.values()) == [1.0, 0.0, 0.0, 1.0, 1.0]


def test_a_boundary_one_hop_off_is_found_and_two_hops_off_is_not():
    expected = [18] * 6 + [4] * 6
    assert scores(expected, [18] * 7 + [4] * 5)["boundaries found"] == 1.0
    late = scores(expected, [18] * 8 + [4] * 4)
    assert late["boundaries found"] == 0.0
    assert late["boundary error, s"] == pytest.approx(1.0)


def test_boundaries_that_are_none_cost_precision():
    found = scores([18] * 6 + [4] * 6, [18] * 2 + [5] * 2 + [18] * 2 + [4] * 6)
    assert found["boundaries found"] == 1.0
    assert found["found ones that are true"] == pytest.approx(1 / 3)


def test_the_edit_distance_counts_runs_not_their_length():
    assert scores([18, 4, 4, 4, 4, 18], [18, 18, 18, 4, 4, 18])["edit distance of runs"] == 0.0
    assert scores([18, 4, 18, 7], [18, 18, 18, 7])["edit distance of runs"] == pytest.approx(0.5)


def test_a_clip_of_one_run_has_no_boundary_to_find():
    assert np.isnan(scores([4, 4], [4, 5])["boundaries found"])
    silent = scores([18, 4], [18, 18])
    assert silent["boundaries found"] == 0.0
    assert np.isnan(silent["found ones that are true"])


def test_levels_fall_away_and_silence_stays():
    assert emotions_only(np.array([0, 2, 3, 18, SILENT])).tolist() == [0, 0, 1, 6, SILENT]
