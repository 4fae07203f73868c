import pytest

from stf2m_ros.stream.face_box import blended, distance, is_centred_in, overlap, scaled, size_ratio, square_around


def test_a_square_lies_around_its_centre():
    assert square_around(50, 40, 20) == (40, 30, 20, 20)


def test_a_box_that_reaches_outside_is_centred_in_the_image_or_is_not():
    assert is_centred_in((-9, -9, 20, 20), 10, 30)
    assert not is_centred_in((-11, 0, 20, 20), 30, 30)
    assert not is_centred_in((0, 0, 20, 20), 10, 30)
    assert not is_centred_in((20, 0, 20, 20), 30, 30)


def test_overlap_is_one_for_the_same_box_and_zero_for_strangers():
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (10, 0, 10, 10)) == 0
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)


def test_distance_is_counted_in_widths_of_the_larger_box():
    assert distance((0, 0, 20, 20), (35, 5, 10, 10)) == pytest.approx(1.5)


def test_the_size_ratio_does_not_mind_the_order():
    assert size_ratio((0, 0, 10, 10), (0, 0, 25, 25)) == size_ratio((0, 0, 25, 25), (0, 0, 10, 10)) == 2.5


def test_a_blend_moves_part_of_the_way():
    assert blended((0, 0, 10, 10), (20, 10, 20, 20), position_share=1.0, size_share=0.5) == (22.5, 12.5, 15, 15)


def test_a_box_follows_the_resolution():
    assert scaled((10, 20, 30, 30), 2) == (20, 40, 60, 60)
