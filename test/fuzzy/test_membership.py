import numpy as np
import pytest

from stf2m_ros.fuzzy.membership import LEVEL_CENTRES, eccentricity, membership


def test_the_papers_worked_value_comes_out():
    low, medium, _ = (membership(0.2, centre, 0.4) for centre in LEVEL_CENTRES)
    assert round(float(low), 2) == 0.00
    assert round(float(medium), 2) == 0.34


def test_a_value_at_the_centre_belongs_fully():
    assert membership(0.5, 0.5, 0.4) == 1.0


def test_membership_falls_off_equally_on_both_sides_and_faster_for_a_smaller_range():
    assert membership(0.3, 0.5, 0.4) == pytest.approx(membership(0.7, 0.5, 0.4))
    assert membership(0.3, 0.5, 0.2) < membership(0.3, 0.5, 0.4)


def test_a_third_two_thirds_and_all_of_an_expression_lie_at_the_level_centres():
    np.testing.assert_allclose(eccentricity(np.array([1 / 3, 2 / 3, 1])), LEVEL_CENTRES, atol=1e-12)
