"""How far the rules are believed: right by how hard they fire, and the sharpness at which their word is most likely."""

import sys
from pathlib import Path

import pytest
import torch
from short_clips import BUNDLE, ShortClips

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from rule_trust import SHARPNESSES, Witnessed, witnessed

from stf2m_ros.evaluation.interference.corruptions import CLEAN
from stf2m_ros.evaluation.laboratory.encoded_data import EncodedData


def fired(strength, emotion, other=0.05):
    row = torch.full((6,), other)
    row[emotion] = strength
    return row


def test_right_is_counted_by_the_strongest_rule():
    found = Witnessed(torch.stack([fired(0.9, 2), fired(0.8, 3), fired(0.15, 1)]), torch.tensor([2, 0, 1]))
    assert found.right_by_strength().split() == ["-", "100", "-", "-", "-", "50"]


@pytest.mark.parametrize("wrong, expected", [(0, "sharpest"), (50, "dullest")])
def test_rules_that_are_always_right_are_believed_sharply_and_rules_that_guess_hardly_at_all(wrong, expected):
    said = torch.stack([fired(0.3, number % 6) for number in range(60)])
    shown = torch.tensor(
        [number % 6 if number >= wrong else (number + 1 + number // 6 % 5) % 6 for number in range(60)]
    )
    best = min(SHARPNESSES, key=Witnessed(said, shown).surprise)
    assert best == {"sharpest": SHARPNESSES[-1], "dullest": SHARPNESSES[0]}[expected]


def test_only_emotional_segments_are_asked():
    found = witnessed(EncodedData(ShortClips(), BUNDLE), BUNDLE, CLEAN)
    assert len(found.emotion) == 6 * 4  # of each clip of 3 s, the two seconds between neutral ones
    assert found.fired.shape == (24, 6)
    assert ((found.fired >= 0) & (found.fired <= 1)).all()
