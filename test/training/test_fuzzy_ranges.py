import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_windows import model, people, sampler

from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.evaluation.range_surface import RangeSurface
from stf2m_ros.meta.training_loop import OptimiserSettings
from stf2m_ros.training.fuzzy_ranges import FuzzyRangesSettings, fit_ranges, fitted_to, has_emotions

GRID = (0.2, 0.4, 0.6)
START = (0.4, 0.4)


def surface_of(right_by_pair, people_=12):
    """Everyone is told rightly in 50 of 100 segments, elsewhere as the pairs say: a number for all, or one each."""
    right = np.full((3, 3, people_, 18), 0)
    right[..., 0] = 50
    for pair, values in right_by_pair.items():
        right[GRID.index(pair[0]), GRID.index(pair[1]), :, 0] = values
    total = np.zeros((people_, 18), int)
    total[:, 0] = 100
    return RangeSurface(GRID, GRID, right, total)


def test_the_fittest_pair_is_taken():
    fitted = fitted_to(surface_of({(0.2, 0.6): 55, (0.6, 0.6): 53}), START)
    assert fitted.best == fitted.chosen == (0.2, 0.6)
    assert fitted.gain.mean == pytest.approx(0.05)
    assert not fitted.is_flat


def test_a_pair_that_is_best_by_chance_does_not_replace_the_start():
    by_chance = [100] + [48] * 11  # one person's gain
    fitted = fitted_to(surface_of({(0.2, 0.2): by_chance}), START)
    assert fitted.best == (0.2, 0.2)
    assert fitted.chosen == START


def test_a_flat_surface_says_so_and_the_start_stays():
    fitted = fitted_to(surface_of({}), START)
    assert fitted.chosen == fitted.best == START
    assert fitted.is_flat
    card = fitted.scores()
    assert card["flat"] is True
    assert card["spread"] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_of_equally_fit_pairs_the_one_nearest_to_the_start_is_best():
    fitted = fitted_to(surface_of({(0.2, 0.2): 60, (0.4, 0.6): 60, (0.6, 0.6): 60}), START)
    assert fitted.best == (0.4, 0.6)


def test_the_start_is_measured_though_the_grid_has_it_not():
    fitted = fit_ranges(model().eval(), sampler(people(6)), FuzzyRangesSettings(grid=(0.2, 0.8)), (0.4, 0.5))
    assert fitted.surface.component_ranges == (0.2, 0.4, 0.8)
    assert fitted.surface.intensity_ranges == (0.2, 0.5, 0.8)


def test_the_card_holds_plain_numbers():
    card = fit_ranges(model().eval(), sampler(people(6)), FuzzyRangesSettings(grid=(0.2, 0.8)), START).scores()
    assert np.shape(card["accuracy_18"]) == np.shape(card["fitness"]) == (3, 3)
    assert card["start"] == [0.4, 0.4]
    assert card["people"] == 6
    assert type(card["accuracy_18"][0][0]) is float


def test_only_so_many_clips_are_looked_at():
    network, windows = model().eval(), sampler(people(9))
    few = fit_ranges(network, windows, FuzzyRangesSettings(clips=4), START)
    assert len(few.surface.total) == 4


def test_training_goes_on_for_a_share_of_the_steps_at_a_share_of_the_rate():
    again = FuzzyRangesSettings(again_share=0.25, again_rate=0.5).again(OptimiserSettings(steps=100, rate=0.02))
    assert (again.steps, again.rate) == (25, 0.01)


def test_ranges_of_nothing_are_refused():
    with pytest.raises(ValueError, match="grid: expected ranges above 0"):
        FuzzyRangesSettings(grid=(0.0, 0.4))
    with pytest.raises(ValueError, match="clips: expected at least 1"):
        FuzzyRangesSettings(clips=0)


def test_fitting_changes_no_weight():
    network = model().eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fit_ranges(network, sampler(people(4)), FuzzyRangesSettings(grid=(0.2, 0.8)), START)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_clips_of_neutral_faces_alone_have_nothing_to_fit_to():
    cache = people(2)
    assert has_emotions(cache)
    for track in cache.tracks:
        track.class_index[:] = NEUTRAL_INDEX
    assert not has_emotions(cache)


def test_without_matplotlib_all_that_training_lacks_is_the_picture(tmp_path):
    """A module of that name that cannot be imported stands in for a machine without it."""
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").write_text("raise ImportError(name='matplotlib')\n")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]\n"
    code += "import numpy, pathlib, stf2m_ros.training.feature_pipeline\n"
    code += "from stf2m_ros.training.fuzzy_ranges import RangeSurface, fitted_to\n"
    code += "surface = RangeSurface((0.4,), (0.4,), numpy.ones((1, 1, 2, 18)), numpy.ones((2, 18)))\n"
    code += "fitted_to(surface, (0.4, 0.4)).draw(pathlib.Path('ranges.png'))\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert "ranges.png: not drawn, matplotlib is not installed; the card has the same numbers" in done.stderr
