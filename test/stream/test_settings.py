import pytest

from stf2m_ros.stream.settings import Preprocessing, TextSettings, WindowGrid


def test_the_default_window_has_300_slots_in_60_segments():
    grid = WindowGrid()
    assert (grid.slots, grid.segments, grid.slots_per_segment) == (300, 60, 5)


@pytest.mark.parametrize(
    "make, found",
    [
        (lambda: WindowGrid(slot_s=0.0), "0.0"),
        (lambda: WindowGrid(segment_s=0.25), "0.25"),
        (lambda: WindowGrid(hop_s=0.3), "0.3"),
        (lambda: WindowGrid(span_s=30.2), "30.2"),
        (lambda: WindowGrid(settle_s=31.0), "31.0"),
        (lambda: Preprocessing(size_px=0), "0"),
        (lambda: Preprocessing(std=(1.0, 0.0, 1.0)), "0.0"),
        (lambda: TextSettings(min_n=6), "6"),
        (lambda: TextSettings(buckets=0), "0"),
    ],
)
def test_a_setting_that_cannot_be_says_expected_and_found(make, found):
    with pytest.raises(ValueError, match=f"expected .*found .*{found}"):
        make()
