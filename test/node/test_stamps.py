"""Seconds, message times, and the clock of the stamps."""

import pytest
import ros_rig  # noqa: F401  skips these tests where ROS is not there

from stf2m_ros.node.stamps import StampClock, seconds_of, time_of


@pytest.mark.parametrize("stamp_s", [0.0, 0.1, 1.0, 1795202538.5, 1795202538.9999998])
def test_a_time_survives_the_way_through_a_message_to_the_microsecond(stamp_s):
    assert seconds_of(time_of(stamp_s)) == pytest.approx(stamp_s, abs=1e-6)


def test_times_before_zero_become_zero():
    assert seconds_of(time_of(-3.0)) == 0.0


def test_nanoseconds_never_reach_a_second():
    time = time_of(2.9999999999)
    assert (time.sec, time.nanosec) == (3, 0)


def test_before_the_first_image_the_nodes_own_clock_stands_in():
    assert StampClock().at(12.0) == 12.0


def test_without_images_time_goes_on_from_the_newest_stamp():
    clock = StampClock()
    clock.see(stamp_s=100.0, arrival_s=5000.0)
    assert clock.at(5002.5) == pytest.approx(102.5)


def test_a_camera_whose_clock_was_reset_is_followed():
    clock = StampClock()
    clock.see(stamp_s=100.0, arrival_s=5000.0)
    clock.see(stamp_s=1.0, arrival_s=5001.0)
    assert clock.at(5002.0) == pytest.approx(2.0)
