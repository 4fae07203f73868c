"""What the node's tests wait for."""

from rclpy.lifecycle import TransitionCallbackReturn
from ros_rig import DEADLINE_S

SUCCESS = TransitionCallbackReturn.SUCCESS


def activate(node):
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS


def newest(rig):
    return rig.harness.sequences[-1]


def reason_is(rig, absence):
    return lambda: rig.harness.sequences and newest(rig).absence == absence


def face_seen(rig):
    return lambda: rig.harness.sequences and newest(rig).present


def face_seen_now(rig, node):
    """In a window that ends by the node's clock, whatever the images' stamps say."""
    now_s = node.get_clock().now().nanoseconds * 1e-9
    return lambda: face_seen(rig)() and abs(newest(rig).header.stamp.sec - now_s) < DEADLINE_S
