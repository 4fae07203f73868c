"""What is said when no image comes, against real publishers."""

import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from stf2m_ros.node.image_watch import ImageRate, ImageWatch, describe_publishers, describe_unheard, topic_type_name

RELIABLE = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def description(rig, topic, subscription_qos):
    rig.until(lambda: rig.harness.get_publishers_info_by_topic(topic), "the publisher in the graph")
    return describe_publishers(rig.harness, topic, topic_type_name(Image), subscription_qos)


def test_each_silence_is_told_once_after_three_seconds():
    watch = ImageWatch(now_s=100.0)
    assert [watch.must_speak(now_s) for now_s in (102.9, 103.0, 103.5, 160.0)] == [False, True, False, False]
    assert watch.see(160.0) == pytest.approx(60.0)
    assert [watch.must_speak(now_s) for now_s in (162.0, 163.5)] == [False, True]


def test_images_that_come_in_time_break_no_silence():
    watch = ImageWatch(now_s=100.0)
    assert watch.see(101.0) is None
    assert not watch.is_silent(103.5)


def test_the_rate_of_images_is_counted_by_their_stamps():
    rate = ImageRate()
    for number in range(6):
        assert rate.per_s is None
        rate.see(1000.0 + 0.5 * number)
    assert rate.per_s == pytest.approx(2.0)
    rate.see(5.0)  # a clock that was set back
    assert rate.per_s is None


def test_without_publishers_the_user_is_asked_for_the_camera_and_the_name(rig):
    text = describe_publishers(rig.harness, "/nobody_here", topic_type_name(Image), BEST_EFFORT)
    assert text.startswith("0 publishers; is the camera running")


def test_a_publisher_whose_qos_does_not_fit_is_named(rig):
    rig.harness.create_publisher(Image, "/best_effort_camera", BEST_EFFORT)
    text = description(rig, "/best_effort_camera", RELIABLE)
    assert text.startswith("1 publisher; the QoS of harness does not fit")
    assert "\n" not in text


def test_a_publisher_of_another_type_is_named(rig):
    rig.harness.create_publisher(CompressedImage, "/jpeg_camera", BEST_EFFORT)
    text = description(rig, "/jpeg_camera", BEST_EFFORT)
    assert text == "1 publisher; harness sends sensor_msgs/msg/CompressedImage, expected sensor_msgs/msg/Image"


def test_where_everything_fits_the_shared_memory_profile_is_what_is_left(rig):
    rig.harness.create_publisher(Image, "/good_camera", RELIABLE)
    text = description(rig, "/good_camera", BEST_EFFORT)
    assert text.startswith("1 publisher of fitting QoS; large images get lost without the shared-memory profile")


def test_of_several_publishers_those_that_cannot_be_heard_are_told(rig, stranger):
    rig.harness.create_publisher(Image, "/cameras", RELIABLE)
    rig.until(lambda: rig.harness.count_publishers("/cameras") == 1, "the publisher in the graph")
    listened = "/cameras", topic_type_name(Image), BEST_EFFORT
    assert describe_unheard(rig.harness, *listened) == ""
    stranger.create_publisher(CompressedImage, "/cameras", RELIABLE)
    told = "stranger sends sensor_msgs/msg/CompressedImage, expected sensor_msgs/msg/Image"
    rig.until(lambda: describe_unheard(rig.harness, *listened) == told, "the second one alone")
