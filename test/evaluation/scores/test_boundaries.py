import numpy as np

from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.evaluation.scores.boundaries import FOUND, TRUE, boundary_scores, sequences_of
from stf2m_ros.evaluation.scores.scored import Scored
from stf2m_ros.evaluation.scores.sequences import SILENT, emotions_only
from stf2m_ros.evaluation.study import Missing

HAPPY_LOW, HAPPY_HIGH, NEUTRAL = 0, 2, 18


def scored(*clips, start_s=None):
    """clips: (person, expected, said) each, a segment of 0.5 s for every number."""
    expected = np.concatenate([each[1] for each in clips])
    said = np.concatenate([each[2] for each in clips])
    probabilities = np.where((said == SILENT)[:, None], 0.0, np.eye(NUM_CLASSES)[said])
    subjects = np.repeat([each[0] for each in clips], [len(each[1]) for each in clips])
    names = np.repeat([f"clip{number}" for number in range(len(clips))], [len(each[1]) for each in clips])
    own_s = np.concatenate([np.arange(len(each[1])) * 0.5 for each in clips])
    return Scored(subjects, names, expected, probabilities, start_s=own_s if start_s is None else start_s)


def scores(rows, reduce=lambda classes: classes):
    return boundary_scores(rows, reduce, segment_s=0.5, hop_s=0.5, rounds=20, seed=0)


def test_every_boundary_of_a_perfect_answer_is_found_and_true():
    sequence = [NEUTRAL] * 4 + [HAPPY_HIGH] * 4 + [NEUTRAL] * 4
    found = scores(scored(("A", sequence, sequence), ("B", sequence, sequence)))
    assert [found[FOUND].mean, found[FOUND].spread, found[TRUE].mean] == [1.0, 0.0, 1.0]


def test_a_boundary_two_hops_late_is_neither_found_nor_true():
    expected = [NEUTRAL] * 4 + [HAPPY_HIGH] * 6
    late, one_late = [NEUTRAL] * 6 + [HAPPY_HIGH] * 4, [NEUTRAL] * 5 + [HAPPY_HIGH] * 5
    both = scores(scored(("A", expected, late), ("B", expected, late)))
    assert (both[FOUND].mean, both[TRUE].mean) == (0.0, 0.0)
    assert scores(scored(("A", expected, one_late), ("B", expected, one_late)))[FOUND].mean == 1.0


def test_boundaries_are_counted_together_and_spread_over_people():
    """A has four boundaries, all found; B has one, not found: a share of boundaries is no mean of clips."""
    long = [NEUTRAL] * 4 + [HAPPY_LOW] * 4 + [NEUTRAL] * 4 + [HAPPY_HIGH] * 4 + [NEUTRAL] * 4
    rows = scored(("A", long, long), ("B", [NEUTRAL] * 4 + [HAPPY_LOW] * 4, [NEUTRAL] * 8))
    found = boundary_scores(rows, lambda classes: classes, 0.5, 0.5, rounds=4000, seed=1)[FOUND]
    # Half of the draws of two people hold both (4 of 5), a quarter only A, a quarter only B.
    assert abs(found.mean - (0.5 * 0.8 + 0.25)) < 0.03
    assert found.spread > 0


def test_between_emotions_a_change_of_level_is_no_boundary():
    expected = [NEUTRAL] * 4 + [HAPPY_LOW] * 4 + [HAPPY_HIGH] * 4
    said = [NEUTRAL] * 4 + [HAPPY_HIGH] * 8
    rows = scored(("A", expected, said), ("B", expected, said))
    assert scores(rows)[FOUND].mean == 0.5
    assert scores(rows, emotions_only)[FOUND].mean == 1.0


def test_rows_are_put_in_order_and_parted_where_nothing_is_labelled():
    rows = scored(("A", [3, 4, 5, 6], [3, 4, SILENT, 6]), start_s=np.array([0.5, 0.0, 5.0, 5.5]))
    first, second = sequences_of(rows, 0.5)
    assert first.expected.tolist() == [4, 3]
    assert second.said.tolist() == [SILENT, 6]


def test_clips_of_a_single_class_leave_the_cells_empty():
    found = scores(scored(("A", [0, 0], [0, 3]), ("B", [4, 4], [4, 4])))
    assert all(isinstance(cell, Missing) for cell in found.values())
