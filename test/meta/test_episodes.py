import numpy as np
import pytest
from tiny_windows import people, sampler

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.meta.episodes import ClassEpisodes, EpisodeSettings, class_split, runs_of, without_classes
from stf2m_ros.meta.tasks import Group

CLASSES = (0, 2, 3, 5, 6, 8)  # those that the made-up people show
SETTINGS = EpisodeSettings(ways=3, shots=2, query=2)


def labels_in(windows):
    """The episode's class of each example."""
    return [int(row[row != UNLABELLED][0]) for row in windows.class_index]


def test_classes_are_split_without_overlap_and_none_is_lost():
    for seed in range(5):
        split = class_split(6, seed)
        assert set(split.learned).isdisjoint(split.held_out)
        assert sorted(split.learned + split.held_out) == list(range(NEUTRAL_INDEX))
    assert class_split(6, 1) == class_split(6, 1) != class_split(6, 2)


def test_a_stretch_is_of_one_class_and_not_too_short():
    classes = np.array([18] * 4 + [3] * 6 + [4] * 2 + [-1] * 7 + [4] * 5)
    assert runs_of(9, classes, shortest=5) == [(3, Group(9, 4, 10, 1)), (4, Group(9, 19, 24, 1))]


def test_an_episode_has_so_many_shots_of_each_way_and_numbers_them_from_zero():
    episode = ClassEpisodes(sampler(people(24)), CLASSES, SETTINGS).task((0, 1))
    assert sorted(labels_in(episode.support)) == sorted(labels_in(episode.query)) == [0, 0, 1, 1, 2, 2]
    assert episode.support.shares.shape[-1] == 3
    assert (episode.support.shares.argmax(-1)[:, 0] == labels_in(episode.support)).all()


def test_only_the_classes_that_were_asked_for_are_in_an_episode():
    """The tokens are each class's own pattern: what is labelled is of one of three classes."""
    cache = people(24)
    episodes = ClassEpisodes(sampler(cache), (0, 5, 8), SETTINGS)
    assert set(episodes.by_class) == {0, 5, 8}
    for each, runs in episodes.by_class.items():
        for run in runs:
            assert (cache.tracks[run.clip].class_index[run.start : run.end] == each).all()


def test_support_and_query_share_no_stretch():
    episodes = ClassEpisodes(sampler(people(24)), CLASSES, SETTINGS)
    for step in range(5):
        episode = episodes.task((0, step))
        labelled = [
            {window.tokens[row].tobytes() for row in range(len(window.tokens))}
            for window in (episode.support, episode.query)
        ]
        assert labelled[0].isdisjoint(labelled[1])


def test_the_same_numbers_give_the_same_episode():
    episodes = ClassEpisodes(sampler(people(24)), CLASSES, SETTINGS)
    first, again, other = episodes.task((3, 1)), episodes.task((3, 1)), episodes.task((3, 2))
    assert np.array_equal(first.query.tokens, again.query.tokens)
    assert not np.array_equal(first.query.tokens, other.query.tokens)


def test_too_few_stretches_are_told_class_by_class():
    with pytest.raises(ValueError, match="episodes need 3 classes with 4 stretches or more, found .*'anger-low': 1"):
        ClassEpisodes(sampler(people(3)), CLASSES, SETTINGS)


def test_settings_that_leave_too_few_classes_are_refused():
    with pytest.raises(ValueError, match="held_out: expected to leave 5 of 18"):
        EpisodeSettings(held_out=14)
    with pytest.raises(ValueError, match="2 ways"):
        EpisodeSettings(ways=1)


def test_nothing_is_to_be_learned_of_classes_that_are_taken_out():
    cache = people(6)
    hidden = without_classes(cache, (0, 5))
    for track, former in zip(hidden.tracks, cache.tracks):
        out = np.isin(former.class_index, (0, 5))
        assert (track.class_index[out] == UNLABELLED).all()
        assert np.isnan(track.components[out]).all()
        assert np.array_equal(track.class_index[~out], former.class_index[~out])
    assert not np.isin(np.concatenate([track.class_index for track in hidden.tracks]), (0, 5)).any()
