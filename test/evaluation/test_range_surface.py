import cv2
import numpy as np
import pytest
import torch
from tiny_windows import model, people, sampler

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.evaluation.range_surface import RangeSurface, draw_range_surface, range_surface
from stf2m_ros.meta.window_scores import beginnings, judge, scores

RANGES = (0.2, 0.4, 0.8)


def tiny_surface(network=None):
    windows = sampler(people(6))
    network = network if network is not None else model().eval()
    return network, windows, range_surface(network, windows, beginnings(windows, 6.0), RANGES, RANGES)


def hanging_on_the_rules():
    """A model whose answer hangs on what the rules say, though it learned nothing."""
    network = model().eval()
    with torch.no_grad():
        network.head.recurrent.read.weight.mul_(20)
        network.head.last_layer.normal_()
    return network


def made_up(right, total):
    """One person; right: (C, K, 18)."""
    right = np.asarray(right)
    grid = (tuple(range(1, length + 1)) for length in right.shape[:2])
    return RangeSurface(*grid, right[:, :, None], np.asarray(total)[None])


def classes(**counts):
    vector = np.zeros(18, int)
    for name, count in counts.items():
        vector[int(name[1:])] = count
    return vector


def test_every_pair_is_what_the_whole_model_says_at_these_ranges():
    network, windows, surface = tiny_surface(hanging_on_the_rules())
    for place in ((0, 2), (1, 1), (2, 0)):
        network.fuzzy.ranges.copy_(torch.tensor(surface.pair(place)))
        expected = scores(judge(network, windows, beginnings(windows, 6.0)))
        assert surface.accuracy()[place] == pytest.approx(expected["accuracy_18"])
    assert surface.accuracy().max() > surface.accuracy().min()


def test_measuring_leaves_the_model_as_it_was():
    network = model().eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    tiny_surface(network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert network.fuzzy.ranges.tolist() == pytest.approx([0.4, 0.4])


def test_recall_is_the_mean_over_the_classes_that_occur_and_fitness_the_mean_of_both():
    surface = made_up([[classes(c0=9, c5=0)]], classes(c0=9, c5=1))
    assert surface.accuracy()[0, 0] == pytest.approx(0.9)
    assert surface.recall()[0, 0] == pytest.approx(0.5)
    assert surface.fitness()[0, 0] == pytest.approx(0.7)


def test_a_pair_that_serves_everyone_better_is_told_from_one_that_serves_one_person_better():
    total = np.tile(classes(c0=10), (8, 1))
    right = np.tile(classes(c0=5), (2, 2, 8, 1))
    right[0, 1, :, 0] = 7  # everyone
    right[1, 0, 0, 0] = 10  # the first person alone
    surface = RangeSurface((0.2, 0.4), (0.2, 0.4), right, total)
    assert surface.difference((0, 1), (0, 0)).low == pytest.approx(0.2)
    assert surface.difference((1, 0), (0, 0)).low == 0


def test_clips_without_an_emotion_are_refused():
    cache = people(2)
    for track in cache.tracks:
        track.class_index[:] = NEUTRAL_INDEX
        track.class_index[:10] = UNLABELLED
    windows = sampler(cache)
    with pytest.raises(ValueError, match="found none in 2 clips"):
        range_surface(model().eval(), windows, beginnings(windows, 6.0), RANGES, RANGES)


def test_the_picture_shows_the_surface(tmp_path):
    heights = np.linspace(0.4, 0.6, 9).reshape(3, 3)
    draw_range_surface(RANGES, RANGES, heights, "Fitness", tmp_path / "new" / "a.png", chosen=(0.4, 0.8))
    picture = cv2.imread(str(tmp_path / "new" / "a.png"))
    assert picture.shape[0] > 400
    assert picture.std() > 10


def test_a_flat_surface_is_drawn_too(tmp_path):
    draw_range_surface(RANGES, RANGES, np.zeros((3, 3)), "Nothing", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 0
