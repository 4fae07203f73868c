"""Images that lie, stamps that run wild, nobody in the picture, no picture at all: each is told, and borne."""

import itertools

import numpy as np
import pytest
from node_answers import activate, face_seen, face_seen_now, newest, reason_is
from ros_rig import BEGIN_S, face_image, image_message

from stf2m_msgs.msg import EmotionSegment


def lying(change):
    def make(stamp_s):
        message = face_image(stamp_s)
        for name, value in change.items():
            setattr(message, name, value)
        return message

    return make


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"step": 7}, "expected a step of at least 192"),
        ({"height": 4000}, "expected 768000 bytes"),
        ({"encoding": "16UC1"}, "found '16UC1'"),
        ({"width": 0, "height": 0, "step": 0, "data": b""}, "expected at least one pixel"),
    ],
)
def test_images_that_lie_are_said_to_be_unreadable_and_good_ones_count_again(rig, recognizer_node, change, told):
    activate(recognizer_node())
    rig.send_images(
        until=reason_is(rig, EmotionSegment.ABSENCE_BAD_IMAGE), what="the reason in the message", make=lying(change)
    )
    assert not newest(rig).present
    assert told in newest(rig).reason
    rig.until(lambda: rig.harness.said(told), "the reason in the log")
    rig.send_images(until=face_seen(rig), what="a face in a good image")
    assert sum("cannot be read" in line for line in rig.harness.logs) == 1


def test_images_without_stamps_count_at_the_time_they_come(rig, recognizer_node):
    node = recognizer_node()
    activate(node)
    rig.send_images(until=face_seen(rig), what="a face", make=lambda _: face_image(0.0))
    assert newest(rig).header.stamp.sec == pytest.approx(node.get_clock().now().nanoseconds * 1e-9, abs=5)
    rig.until(lambda: rig.harness.said("images carry no stamp"), "the reason in the log")


def test_stamps_that_run_backwards_begin_a_new_window_and_say_so(rig, recognizer_node):
    activate(recognizer_node())
    rig.send_images(until=face_seen(rig), what="a face")
    rig.stamp_s -= 500.0
    rig.harness.sequences.clear()  # the first image may have come after time had passed by the node's own clock
    rig.send_images(until=lambda: any(message.window_reset for message in rig.harness.sequences), what="a reset")
    assert newest(rig).window_end.sec < BEGIN_S
    rig.until(lambda: rig.harness.said("time ran backwards"), "the reason in the log")


def test_where_every_stamp_runs_back_the_images_count_at_the_time_they_come(rig, recognizer_node):
    node = recognizer_node()
    activate(node)
    rig.send_images(until=face_seen_now(rig, node), what="a face at this time", step_s=-2.0)
    rig.until(lambda: rig.harness.said("stamps keep running backwards"), "the reason in the log")
    rig.until(
        lambda: any("the time of arrival stands in" in array.status[0].message for array in rig.harness.diagnostics),
        "the reason in the diagnostics",
    )


def test_beside_stamps_of_another_clock_images_without_stamps_do_not_silence_the_robot(rig, recognizer_node):
    node = recognizer_node()
    activate(node)
    is_stamped = itertools.cycle((0, 1))
    make = lambda stamp_s: face_image(next(is_stamped) * (stamp_s - BEGIN_S + 560.0))  # noqa: E731
    rig.send_images(until=face_seen_now(rig, node), what="a face at this time", make=make)
    rig.until(lambda: rig.harness.said("stamps keep running backwards"), "the reason in the log")


def test_where_the_stamp_never_changes_the_images_count_at_the_time_they_come(rig, recognizer_node):
    node = recognizer_node()
    activate(node)
    rig.send_images(until=face_seen_now(rig, node), what="a face at this time", make=lambda _: face_image(1000.0))
    rig.until(lambda: rig.harness.said("the images' stamps stand still"), "the reason in the log")


def test_images_without_a_face_give_a_reason_in_every_segment(rig, recognizer_node):
    activate(recognizer_node(face_detector="haar"))
    grey = np.full((120, 160, 3), 128, np.uint8)
    rig.send_images(
        until=reason_is(rig, EmotionSegment.ABSENCE_NO_FACE),
        what="the reason",
        make=lambda stamp_s: image_message(grey, "rgb8", stamp_s),
    )
    assert newest(rig).reason == "no face in the images"
    assert all(segment.class_index == EmotionSegment.NO_CLASS for segment in newest(rig).segments)
    assert list(newest(rig).face_box) == [0, 0, 0, 0]


def test_a_silent_camera_is_told_once_with_its_topic_and_images_count_when_it_is_back(rig, recognizer_node):
    activate(recognizer_node())
    rig.send_images(until=face_seen(rig), what="a face")
    rig.until(lambda: rig.harness.said("no image on /image for 3 s: 1 publisher of fitting QoS"), "the line in the log")
    rig.until(reason_is(rig, EmotionSegment.ABSENCE_NO_IMAGES), "the reason in the message")
    rig.until(
        lambda: any("no image on /image" in array.status[0].message for array in rig.harness.diagnostics),
        "the silence in the diagnostics",
    )
    rig.stamp_s += 10.0
    rig.send_images(until=face_seen(rig), what="a face after the silence")
    rig.until(lambda: rig.harness.said("images come again"), "the end of the silence in the log")
    assert sum("no image on" in line for line in rig.harness.logs) == 1
