"""Seconds, message times, and the clock of the stamps."""

import pytest
import ros_rig  # noqa: F401  skips these tests where ROS is not there

from stf2m_ros.node.stamps import CALM_S, MOST_TIMES_BACK, STAND_STILL, StampClock, StampTrust, seconds_of, time_of


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


def trust_after(stamps_s, every_s=0.1):
    """What has seen these stamps come, every_s apart on a steady clock, and whether the last one is believed."""
    trust = StampTrust()
    believed = [trust.see(stamp_s, number * every_s) for number, stamp_s in enumerate(stamps_s)]
    return trust, believed[-1]


def test_a_clock_that_is_set_back_once_is_believed():
    assert trust_after([100.0, 100.1, 5.0, 5.1, 5.2])[1]


def test_images_that_come_a_little_out_of_order_are_believed():
    assert trust_after([100.0 + number / 10 - 0.5 * (number % 2) for number in range(100)])[1]


def test_a_bag_that_loops_every_half_minute_is_believed():
    assert trust_after([number % 30 for number in range(600)], every_s=1.0)[1]


def test_two_cameras_of_different_clocks_are_not_believed_after_a_few_images():
    stamps_s = [clock_s + number / 30 for number in range(MOST_TIMES_BACK) for clock_s in (1000.0, 5.0)]
    assert trust_after(stamps_s[:-2])[1]
    assert not trust_after(stamps_s)[1]


def test_a_camera_whose_every_stamp_runs_back_is_not_believed():
    assert not trust_after([1000.0 - number / 10 for number in range(70)])[1]


@pytest.mark.parametrize("stamps_s", [[1000.0] * 40, [1000.0, 999.5] * 20])
def test_stamps_that_stand_still_are_not_believed(stamps_s):
    trust, believed = trust_after(stamps_s)
    assert (believed, trust.trouble) == (False, STAND_STILL)
    assert trust_after(stamps_s[:20])[1]
    assert not trust.see(1001.0, 5.0)  # one that goes on does not make up for it
    assert trust.see(1100.0, 5.0 + CALM_S)


def test_a_camera_that_rests_does_not_stand_still():
    assert trust_after([1000.0, 1000.0, 1000.0, 1003.0], every_s=3.0)[1]


def test_stamps_that_have_long_been_right_again_are_believed_again():
    trust, _ = trust_after([1000.0, 5.0] * MOST_TIMES_BACK)
    assert not trust.see(1001.0, 30.0)
    assert trust.see(1031.0 + CALM_S, 31.0 + CALM_S)
