from dataclasses import replace

import numpy as np
import pytest
from tiny_windows import model, people, sampler

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.meta.losses import LossSettings
from stf2m_ros.meta.meta_training import InnerSettings, MetaLearner, MetaTrainingSettings, MetaTrainingTask
from stf2m_ros.meta.person_tasks import PersonTasks, PersonTaskSettings
from stf2m_ros.meta.token_cache import TokenCache

SETTINGS = PersonTaskSettings(shots=2, query=4)


def crowd(persons: int = 3, clips: int = 12) -> TokenCache:
    """Each person in several clips, whose emotions are (clip % 3)."""
    cache = people(clips)
    owners = (f"person-{clip // 3 % persons}" for clip in range(clips))
    return replace(cache, tracks=tuple(replace(track, subject=who) for track, who in zip(cache.tracks, owners)))


def windows_of(cache: TokenCache, moved: float = 0.0):
    """moved: how far another face's tokens lie from these."""
    windows = sampler(cache)
    windows.sampling = replace(windows.sampling, identity_shift=moved, lost_features=0)
    return windows


def test_all_windows_of_a_task_are_of_one_person():
    tasks = PersonTasks(windows_of(crowd()), SETTINGS)
    for who, groups in tasks.by_person.items():
        assert {tasks.windows.cache.tracks[group.clip].subject for group in groups} == {who}
    assert sum(len(groups) for groups in tasks.by_person.values()) == 12


def test_support_and_query_share_no_expression():
    tasks = PersonTasks(windows_of(crowd()), SETTINGS)
    for step in range(5):
        support, query = tasks.task((0, step))
        assert (len(support.tokens), len(query.tokens)) == (2, 4)
        first, second = (
            {slot.tobytes() for window in part.tokens for slot in window if slot.any()} for part in (support, query)
        )
        assert first and second and not first & second
        assert (support.class_index != UNLABELLED).any(1).all()


def test_one_imagined_face_shows_all_windows_of_a_task():
    cache = replace(crowd(), tokens=np.zeros_like(crowd().tokens))
    windows = windows_of(cache)
    windows.sampling = replace(windows.sampling, identity_shift=1.0)
    windows.token_spread = np.ones_like(windows.token_spread)
    tasks = PersonTasks(windows, SETTINGS)
    support, query = tasks.task((0, 0))
    assert np.ptp(np.concatenate([support.tokens, query.tokens]), axis=(0, 1)).max() == 0
    assert np.abs(support.tokens[0, 0] - tasks.task((0, 1)).support.tokens[0, 0]).max() > 0.1


def test_who_shows_too_few_expressions_shows_some_again():
    support, query = PersonTasks(windows_of(crowd()), PersonTaskSettings(shots=8, query=8)).task((0, 0))
    assert (len(support.tokens), len(query.tokens)) == (8, 8)


def test_people_of_a_single_clip_are_left_out():
    with pytest.raises(ValueError, match="2 clips and two expressions, found none of 12"):
        PersonTasks(windows_of(people()), SETTINGS)


def test_meta_training_takes_tasks_of_people_too():
    learner = MetaLearner(model(), InnerSettings(step_size=0.1))
    settings = MetaTrainingSettings(tasks=2, mixed_windows=2, loss=LossSettings())
    found = MetaTrainingTask(learner, PersonTasks(windows_of(crowd()), SETTINGS), np.ones(19), settings, 0)(0)
    assert set(found) == {"query", "windows"}
    found["query"].backward()
    assert np.isfinite(learner.log_step_sizes.grad).all()


def test_rates_are_learned_at_their_own_pace():
    plain, hasty = (MetaLearner(model(), InnerSettings(step_size=0.1, rate_pace=pace)) for pace in (1.0, 60.0))
    assert last_rate(plain) == last_rate(hasty) == pytest.approx(0.1)
    for learner in (plain, hasty):
        learner.log_step_sizes.data += 0.01
    assert last_rate(plain) == pytest.approx(0.1 * np.exp(0.01))
    assert last_rate(hasty) == pytest.approx(0.1 * np.exp(0.6))


def last_rate(learner: MetaLearner) -> float:
    return learner.step_sizes()["last_layer"].item()
