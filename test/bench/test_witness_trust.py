"""What is believed of labels, beside what is true of them."""

import sys
from pathlib import Path

import pytest
from tiny_windows import model, people

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from witness_trust import DRAWS, believed


@pytest.mark.parametrize(
    "name, count, wrong", [("20 %, 30 % wrong", 18, 5 / 18), ("5 of each class", 15, 0.0), ("all", 90, 0.0)]
)
def test_it_is_told_how_many_labels_a_draw_has_and_how_many_of_them_are_wrong(name, count, wrong):
    found = believed(people(90), DRAWS[name], 0, model().fuzzy)
    assert found.count == count
    assert found.wrong_share == pytest.approx(wrong)
