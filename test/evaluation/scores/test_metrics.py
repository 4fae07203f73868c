import numpy as np
import pytest

from stf2m_ros.emotions import NEUTRAL_INDEX, NUM_CLASSES, class_index
from stf2m_ros.evaluation.scores.metrics import (
    EIGHTEEN,
    NINETEEN,
    SAID_NOTHING,
    SEVEN,
    SIX,
    answers,
    confusion,
    recall_of_classes,
    task_scores,
)
from stf2m_ros.evaluation.scores.scored import Scored, from_arrays, joined, to_arrays
from stf2m_ros.evaluation.study import Missing

JOY_LOW, JOY_HIGH, FEAR_LOW = (
    class_index("happiness", "low"),
    class_index("happiness", "high"),
    class_index("fear", "low"),
)


def scored(expected, said, subjects=None, shares=None, **facts):
    """Rows in which the model is sure; said None: it was silent."""
    probabilities = np.stack([np.zeros(NUM_CLASSES) if one is None else np.eye(NUM_CLASSES)[one] for one in said])
    subjects = np.array(subjects or [f"S{index}" for index in range(len(expected))])
    return Scored(subjects, subjects, np.array(expected), probabilities, shares, facts)


def test_six_way_asks_for_the_emotion_alone_and_leaves_neutral_out():
    found = answers(scored([JOY_LOW, FEAR_LOW, NEUTRAL_INDEX], [JOY_HIGH, JOY_LOW, NEUTRAL_INDEX]), SIX)
    assert found.expected.tolist() == [0, 4]
    assert found.said.tolist() == [0, 0]


def test_an_emotion_is_as_likely_as_its_levels_together():
    row = scored([JOY_LOW], [JOY_LOW])
    row.probabilities[0] = 0
    row.probabilities[0, [JOY_LOW, JOY_HIGH, FEAR_LOW]] = 0.3, 0.3, 0.4
    assert answers(row, SIX).said.tolist() == [0]
    assert answers(row, EIGHTEEN).said.tolist() == [FEAR_LOW]


def test_with_neutral_every_row_counts():
    rows = scored([JOY_LOW, NEUTRAL_INDEX], [NEUTRAL_INDEX, NEUTRAL_INDEX])
    assert answers(rows, NINETEEN).said.tolist() == [NEUTRAL_INDEX, NEUTRAL_INDEX]
    assert answers(rows, SEVEN).said.tolist() == [6, 6]


def test_silence_is_wrong_and_in_no_confusion_matrix():
    rows = scored([JOY_LOW, FEAR_LOW], [None, FEAR_LOW])
    assert answers(rows, EIGHTEEN).said.tolist() == [SAID_NOTHING, FEAR_LOW]
    assert confusion(rows, SIX).sum() == 1


def test_a_number_comes_with_its_spread_over_subjects():
    half_right = scored([JOY_LOW, FEAR_LOW] * 10, [JOY_LOW, JOY_LOW] * 10)
    score = task_scores(half_right, SIX, rounds=10, seed=0)["ACC"]
    assert score.n == 10
    assert score.mean == pytest.approx(0.5, abs=0.2)
    assert 0 < score.spread < 0.3


def test_one_subject_has_no_spread_and_so_no_number():
    cell = task_scores(scored([JOY_LOW, FEAR_LOW], [JOY_LOW, FEAR_LOW], ["S1", "S1"]), SIX, 10, 0)["ACC"]
    assert isinstance(cell, Missing)
    assert "at least 2" in cell.reason


def test_a_set_without_levels_is_not_asked_for_them():
    cell = task_scores(scored([JOY_HIGH, class_index("fear", "high")], [JOY_HIGH, JOY_HIGH]), EIGHTEEN, 10, 0)["ACC"]
    assert cell == Missing("the labels have no levels")


def test_a_row_of_unknown_level_is_asked_for_its_emotion_only():
    unknown = np.zeros((3, NUM_CLASSES))
    unknown[0, :3] = 1 / 3
    unknown[1, FEAR_LOW] = unknown[2, JOY_HIGH] = 1
    rows = scored([1, FEAR_LOW, JOY_HIGH], [JOY_LOW, FEAR_LOW, JOY_HIGH], shares=unknown)
    assert len(answers(rows, EIGHTEEN).expected) == 2
    assert len(answers(rows, SIX).expected) == 3


def test_each_class_tells_how_much_of_it_was_found():
    rows = scored([JOY_LOW, JOY_LOW, FEAR_LOW, FEAR_LOW], [JOY_LOW, JOY_LOW, JOY_LOW, JOY_LOW])
    cells = recall_of_classes(rows, SIX, 3, 0)
    assert (cells["happiness"].mean, cells["fear"].mean) == (1.0, 0.0)
    assert cells["anger"] == Missing("no such row")


def test_rows_survive_the_way_to_disk_and_back():
    rows = scored([JOY_LOW, FEAR_LOW], [JOY_LOW, FEAR_LOW], sex=np.array(["female", "male"]))
    again = from_arrays(to_arrays(rows))
    assert again.facts["sex"].tolist() == ["female", "male"]
    assert (again.probabilities == rows.probabilities).all()


def test_joined_rows_keep_the_facts_of_each_part():
    both = joined([scored([JOY_LOW], [JOY_LOW], sex=np.array(["female"])), scored([FEAR_LOW], [FEAR_LOW])])
    assert both.facts["sex"].tolist() == ["female", ""]
    assert len(both.rows(both.expected == FEAR_LOW)) == 1


def test_rows_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="subjects: expected 2 rows, found 1"):
        Scored(np.array(["S"]), np.array(["a", "b"]), np.zeros(2, int), np.zeros((2, NUM_CLASSES)))
