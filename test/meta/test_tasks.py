import numpy as np
import pytest
from tiny_windows import people, sampler

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.meta.tasks import Group, TaskSampler, TaskSettings, groups_of


def emotions_in(windows) -> set:
    known = windows.class_index[(windows.class_index != UNLABELLED) & (windows.class_index != NEUTRAL_INDEX)]
    return set((known // 3).tolist())


def test_a_group_is_one_expression_with_the_neutral_face_around_it():
    classes = np.array([18] * 30 + [3, 3, 4, 5, 5, 3] + [18] * 4 + [9, 9])
    assert groups_of(7, classes) == [Group(7, 20, 40, emotion=1), Group(7, 36, 42, emotion=3)]


def test_support_is_of_one_emotion_and_half_of_the_query_of_others():
    tasks = TaskSampler(sampler(people()), TaskSettings(shots=2, query=4))
    for step in range(5):
        task = tasks.task((0, step))
        own = emotions_in(task.support)
        assert len(own) == 1
        others = [emotions_in(task.query._replace(class_index=row[None])) - own for row in task.query.class_index]
        assert sum(bool(other) for other in others) == 2


def test_levels_and_neutral_differ_within_the_support_set():
    task = TaskSampler(sampler(people()), TaskSettings(shots=2, query=4)).task((0, 0))
    found = set(task.support.class_index[task.support.class_index != UNLABELLED].tolist())
    assert NEUTRAL_INDEX in found
    assert len(found) == 3


def test_the_loss_is_taken_on_the_group_and_the_context_stays():
    task = TaskSampler(sampler(people()), TaskSettings(shots=2, query=4)).task((0, 0))
    labelled = (task.support.class_index != UNLABELLED).sum(1)
    assert (labelled <= 9).all()  # 2 s of emotion, 1 s of neutral on each side, edges
    assert (task.support.frame_presence.sum(1) >= 5 * labelled - 5).all()


def test_the_same_numbers_give_the_same_task():
    tasks = TaskSampler(sampler(people()), TaskSettings(shots=2, query=4))
    first, again = tasks.task((1, 2)), tasks.task((1, 2))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first.query, again.query))


def test_too_few_groups_for_a_task_are_told():
    with pytest.raises(ValueError, match="more than 4 groups, found .'happiness': 1"):
        TaskSampler(sampler(people(clips=3)), TaskSettings())
