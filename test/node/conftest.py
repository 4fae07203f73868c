"""A ROS of one's own for the node's tests: no other process on this machine or network hears or disturbs them."""

import gc
import os
import warnings
from pathlib import Path

import pytest

# Before rclpy is imported anywhere. Domains up to 101 are safe on Linux.
os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
PROFILE = Path(__file__).resolve().parents[2] / "config" / "fastdds_shared_memory.xml"
os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] = str(PROFILE)


@pytest.fixture(scope="session")
def ros():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a parser that ROS imports
        import rclpy
        import rosidl_generator_py  # noqa: F401
    rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture()
def rig(ros):
    from ros_rig import Harness, Rig

    made = Rig(Harness())
    yield made
    made.close()


@pytest.fixture()
def stranger(ros):
    """A node of another process, as far as the middleware knows: in one, a topic has one type only."""
    import rclpy

    context = rclpy.Context()
    rclpy.init(context=context)
    yield rclpy.create_node("stranger", context=context)
    context.shutdown()


@pytest.fixture()
def recognizer_node(rig, tiny_bundle_folder):
    """Makes nodes in this process, with the tiny bundle and ready face crops unless told otherwise."""
    from ros_rig import parameters

    from stf2m_ros.node.emotion_recognizer import EmotionRecognizer

    gc.collect()  # a life-cycle node is a ring of references: an earlier one's late end would take this one's log along
    made = []

    def make(**overrides):
        values = {"bundle": str(tiny_bundle_folder), "face_detector": "ready_crop", **overrides}
        made.append(EmotionRecognizer(parameter_overrides=parameters(**values)))
        rig.add(made[-1])
        return made[-1]

    yield make
    while made:
        _end(rig, made.pop())


def _end(rig, node):
    rig.executor.remove_node(node)
    node.close()
