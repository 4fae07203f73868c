"""How far the rules are to be heard: what is said at every share, and that it is the robot's own answer."""

import sys
from pathlib import Path

import numpy as np
import pytest
from short_clips import BUNDLE, ShortClips

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from rule_share import SHARES, VIEWS, judged_alone, likelihood, right, table

from stf2m_ros.evaluation.judging import judged_on
from stf2m_ros.runtime.bundle import read_card


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    return judged_alone(ShortClips(), BUNDLE, tmp_path_factory.mktemp("work"))


def test_with_the_cards_share_the_robot_says_the_same(views, tmp_path):
    robot, _ = judged_on(ShortClips(), BUNDLE, tmp_path)
    heard = views["clean"].heard(read_card(BUNDLE).fuzzy.rule_share)
    np.testing.assert_allclose(heard.probabilities, robot.probabilities, atol=1e-5)
    assert not np.allclose(views["clean"].scored.probabilities, robot.probabilities, atol=1e-3)


def test_every_share_has_a_line_with_accuracy_and_likelihood_of_every_view(views):
    heading, *lines = table(views)
    assert all(name in heading for name in VIEWS)
    assert [float(line.split()[0]) for line in lines] == list(SHARES)
    clean = views["clean"].heard(SHARES[0])
    assert lines[0].split()[1:4] == [f"{100 * right(clean).mean():.1f}", "%", f"{likelihood(clean):.3f}"]
    assert lines[0].endswith("0.0 (0.0 to 0.0)")
