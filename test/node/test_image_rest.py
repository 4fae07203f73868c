"""The node behind a camera of thirty images a second: it takes the ones that count and leaves the others."""

from itertools import count
from typing import Iterator, List

import numpy as np
import pytest

from stf2m_ros.node.built_messages import ADVICE

pytest.importorskip("stf2m_msgs.msg", reason=ADVICE)

from rclpy.lifecycle import TransitionCallbackReturn
from ros_rig import BEGIN_S, Rig, face_image

from stf2m_msgs.msg import EmotionSequence
from stf2m_ros.node.emotion_recognizer import EmotionRecognizer
from stf2m_ros.node.stamps import seconds_of

SUCCESS = TransitionCallbackReturn.SUCCESS
RATE = 30
SLOT_S = 0.1
SETTLED_SEQUENCES = 4  # of half a second each, in which nothing held the machine up


class Camera:
    """Publishes by the clock; the stamps lie on the middle of every third slot, as of a camera without a fault."""

    def __init__(self, rig: Rig, stamped: bool = True) -> None:
        self._harness, self._stamped = rig.harness, stamped
        self._numbers = count()
        self.begin_s, self.sent = BEGIN_S, 0
        rig.until_heard()
        self._timer = rig.harness.create_timer(1 / RATE, self._send)

    def _send(self) -> None:
        stamp_s = self.begin_s + next(self._numbers) / RATE if self._stamped else 0.0
        self._harness.images.publish(face_image(stamp_s))
        self.sent += 1

    def stop(self) -> None:
        self._harness.destroy_timer(self._timer)

    def resume_after(self, pause_s: float) -> None:
        self.begin_s += pause_s
        self._timer = self._harness.create_timer(1 / RATE, self._send)


@pytest.fixture()
def node(recognizer_node) -> Iterator[EmotionRecognizer]:
    return activated(recognizer_node())


def activated(node: EmotionRecognizer) -> EmotionRecognizer:
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    return node


def values_of(rig: Rig) -> dict:
    return (
        {each.key: each.value for each in rig.harness.diagnostics[-1].status[0].values}
        if rig.harness.diagnostics
        else {}
    )


def is_paced(rig: Rig):
    return lambda: values_of(rig).get("images taken") == "one per slot"


def ends_at_its_newest_centre(message: EmotionSequence) -> bool:
    """Whether the newest image in it is the one on the last slot's centre, which the node takes without resting too."""
    return np.isclose(seconds_of(message.header.stamp), seconds_of(message.window_end) - SLOT_S, atol=1e-6)


def is_whole(message: EmotionSequence) -> bool:
    """Whether every slot of the newest half seconds was looked at."""
    return all(segment.face_coverage == 1 for segment in message.segments[-SETTLED_SEQUENCES:])


def newest(rig: Rig) -> List[EmotionSequence]:
    return rig.harness.sequences[-SETTLED_SEQUENCES:]


def test_a_third_is_taken_and_every_slot_is_looked_at_by_its_nearest_image(rig, node) -> None:
    camera = Camera(rig)
    rig.until(is_paced(rig), "the camera's pace to be known")

    def few_taken() -> bool:
        sent, taken = camera.sent, node._worker.counts.frames_received
        rig.until(lambda: camera.sent >= sent + 60, "two seconds of images")
        whole = is_whole(newest(rig)[-1]) and all(ends_at_its_newest_centre(each) for each in newest(rig))
        return whole and node._worker.counts.frames_received - taken <= 0.5 * (camera.sent - sent)

    rig.until(few_taken, "two seconds in which half of the images or fewer are taken and every slot is looked at")


def test_the_message_is_there_before_the_next_slot_begins(rig, node) -> None:
    camera = Camera(rig)
    rig.until(is_paced(rig), "the camera's pace to be known")
    rig.harness.sequences.clear()
    ahead = []

    def came_early() -> bool:
        if rig.harness.sequences:
            newest_s = camera.begin_s + (camera.sent - 1) / RATE
            ahead.append(newest_s < seconds_of(rig.harness.sequences.pop().window_end) - SLOT_S / 2)
        return any(ahead)

    rig.until(came_early, "a message before the first image of the next slot is sent")


def test_a_camera_that_stops_is_missed_and_one_that_comes_again_is_taken(rig, node) -> None:
    camera = Camera(rig)
    rig.until(is_paced(rig), "the camera's pace to be known")
    camera.stop()
    rig.until(lambda: rig.harness.said("no image on /image for 3 s"), "the silence in the log")
    rig.harness.diagnostics.clear()
    camera.resume_after(3.3)
    rig.until(lambda: rig.harness.said("images come again"), "the end of the silence in the log")
    rig.harness.sequences.clear()
    rig.until(lambda: newest(rig) and is_whole(newest(rig)[-1]) and is_paced(rig)(), "all slots, and the pace, again")


def test_images_without_stamps_are_all_taken(rig, node) -> None:
    camera = Camera(rig, stamped=False)
    rig.until(lambda: camera.sent > 3 * RATE, "three seconds of images")
    assert not node._rest.paced
    assert node._worker.counts.frames_received > RATE


def test_when_time_runs_back_the_window_and_the_pace_begin_anew(rig, node) -> None:
    camera = Camera(rig)
    rig.until(is_paced(rig), "the camera's pace to be known")
    camera.begin_s -= 500
    rig.until(lambda: not node._rest.paced, "the pace to be forgotten")
    rig.until(lambda: any(each.window_reset for each in rig.harness.sequences), "a new window")
    rig.harness.sequences.clear()
    rig.until(lambda: newest(rig) and is_whole(newest(rig)[-1]) and node._rest.paced, "all slots, and the pace, again")


def test_a_node_that_is_activated_again_learns_the_camera_anew(rig, node) -> None:
    Camera(rig)
    rig.until(is_paced(rig), "the camera's pace to be known")
    rig.until(lambda: not node._rest.can_execute(None), "a rest")
    assert node.trigger_deactivate() == SUCCESS
    assert node._rest.can_execute(None)
    assert not node._rest.paced
    assert node.trigger_activate() == SUCCESS
    rig.harness.sequences.clear()
    rig.until(lambda: newest(rig) and is_whole(newest(rig)[-1]) and node._rest.paced, "all slots, and the pace, again")


def test_where_images_that_are_not_taken_are_kept_all_are_taken(rig, recognizer_node) -> None:
    node = activated(recognizer_node(**{"qos_overrides./image.subscription.depth": 2}))
    camera = Camera(rig)
    rig.until(lambda: camera.sent > 3 * RATE, "three seconds of images")
    assert not node._rest.paced
