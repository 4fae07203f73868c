import numpy as np
import pytest

from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.evaluation.scores.calibration import calibration_scores, reliability
from stf2m_ros.evaluation.scores.mixed_emotions import emotions_named, mixed_scores
from stf2m_ros.evaluation.scores.scored import Scored
from stf2m_ros.evaluation.study import Missing

PEOPLE = np.array([f"P{index % 20}" for index in range(2000)])


def sure(confidence, right_share):
    """2000 rows of that confidence, that share of them right."""
    probabilities = np.full((2000, NUM_CLASSES), (1 - confidence) / (NUM_CLASSES - 1))
    probabilities[:, 0] = confidence
    expected = np.where(np.random.default_rng(0).random(2000) < right_share, 0, 5)
    return Scored(PEOPLE, PEOPLE, expected, probabilities)


@pytest.mark.parametrize(("confidence", "right", "error"), [(0.75, 0.75, 0.0), (0.95, 0.55, 0.4)])
def test_the_calibration_error_is_how_far_belief_is_from_truth(confidence, right, error):
    cells = calibration_scores(sure(confidence, right), rounds=10, seed=0)
    assert cells["calibration error"].mean == pytest.approx(error, abs=0.03)
    assert 0 < cells["Brier score"].mean < 1
    assert cells["calibration error"].n == 10


def test_rows_on_which_the_model_was_silent_have_no_confidence():
    rows = sure(0.75, 0.75)
    rows.probabilities[:1000] = 0
    assert reliability(rows).confidence.tolist() == pytest.approx([0.75])


def test_two_emotions_at_once_are_named_and_ranked():
    shares = np.zeros((4, NUM_CLASSES))
    shares[:, 1], shares[:, 13] = 0.6, 0.4  # happiness and fear
    rows = Scored(PEOPLE[:4], PEOPLE[:4], np.full(4, 1), shares, shares)
    assert emotions_named(rows).sum(0).tolist() == [4, 0, 0, 0, 4, 0]
    perfect = mixed_scores(rows, shares, rounds=3, seed=0)
    assert [cell.mean for cell in perfect.values()] == [1.0, 1.0, 1.0]
    wrong = mixed_scores(rows, shares[:, ::-1], rounds=3, seed=0)
    assert wrong["ranking precision"].mean < 1


def test_an_emotion_that_a_draw_of_people_does_not_hold_costs_no_precision():
    shares = np.zeros((4, NUM_CLASSES))
    shares[:2, [0, 3]], shares[2:, [6, 12]] = 0.5, 0.5
    people = np.array(["P0", "P0", "P1", "P1"])  # many a draw holds one of them alone
    perfect = mixed_scores(Scored(people, people, np.array([0, 0, 6, 6]), shares, shares), shares, rounds=10, seed=0)
    assert [cell.mean for cell in perfect.values()] == [1.0, 1.0, 1.0]


def test_where_no_row_names_two_emotions_there_is_nothing_to_rank():
    cells = mixed_scores(sure(0.5, 0.5), np.ones((2000, NUM_CLASSES)), 3, 0)
    assert set(map(type, cells.values())) == {Missing}
