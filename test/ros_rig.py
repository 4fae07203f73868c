"""Real ROS around the node in tests: a harness node that sends, listens and waits by polling, never by sleeping."""

import array
import os
import time
from pathlib import Path
from typing import Callable, List, Optional

import numpy as np
import pytest

pytest.importorskip("stf2m_msgs.msg", reason="the messages are not built; `make build` does it")

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Log
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from stf2m_msgs.msg import EmotionSequence

REPOSITORY = Path(__file__).resolve().parents[1]
FACE_PX = 64
DEADLINE_S = 60.0  # a machine under load; where all is well nothing waits
BEGIN_S = 1000.0
IMAGE_EVERY_S = 0.008  # of the clock on the wall; by its stamps the camera is slower


def image_message(pixels: np.ndarray, encoding: str, stamp_s: float = 0.0) -> Image:
    """The honest message of pixels (H, W, C)."""
    height, width, channels = pixels.shape
    message = Image(height=height, width=width, encoding=encoding, step=width * channels)
    message.data = array.array("B", pixels.tobytes())
    message.header.frame_id = "test_camera"
    message.header.stamp.sec = int(stamp_s)
    message.header.stamp.nanosec = int(round(stamp_s % 1, 9) * 1e9)
    return message


def face_image(stamp_s: float) -> Image:
    """Something to look at, for a node that takes every image for a ready face."""
    pixels = np.random.RandomState(int(stamp_s * 10) % 1000).randint(0, 256, (FACE_PX, FACE_PX, 3), np.uint8)
    return image_message(pixels, "rgb8", stamp_s)


def parameters(**values: object) -> List[Parameter]:
    """Overrides as a launch file gives them."""
    return [Parameter(name, value=value) for name, value in values.items()]


class Harness(Node):
    """The rest of the robot: a camera, a speech recogniser, and somebody who listens."""

    def __init__(self, image_qos: Optional[QoSProfile] = None) -> None:
        super().__init__("harness")
        self.images = self.create_publisher(Image, "image", image_qos or QoSProfile(depth=1))
        self.sequences: List[EmotionSequence] = []
        self.logs: List[str] = []
        self.diagnostics: List[DiagnosticArray] = []
        self.create_subscription(EmotionSequence, "emotion_sequence", self.sequences.append, 100)
        self.create_subscription(Log, "/rosout", lambda log: self.logs.append(log.msg), 100)
        self.create_subscription(DiagnosticArray, "/diagnostics", self.diagnostics.append, 10)

    def said(self, text: str) -> bool:
        return any(text in line for line in self.logs)


class Rig:
    """A harness, the nodes under test, and the executor that runs them all on this thread."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(harness)
        self.stamp_s = BEGIN_S

    def add(self, node: Node) -> None:
        self.executor.add_node(node)

    def until(self, condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
        """Runs everything until the condition holds."""
        end_s = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end_s, f"after {deadline_s} s still waiting for {what}"
            self.executor.spin_once(timeout_sec=0.02)

    def spin_for(self, span_s: float) -> None:
        end_s = time.monotonic() + span_s
        while (left_s := end_s - time.monotonic()) > 0:
            self.executor.spin_once(timeout_sec=left_s)

    def until_heard(self) -> None:
        """Until the camera's images have a listener."""
        self.until(lambda: self.harness.images.get_subscription_count() > 0, "a subscription of the images")

    def send_images(
        self,
        until: Callable[[], object],
        what: str,
        make: Callable[[float], Image] = face_image,
        step_s: float = 0.1,
        deadline_s: float = DEADLINE_S,
        publisher: Optional[Publisher] = None,
        every_s: float = IMAGE_EVERY_S,
    ) -> None:
        """A camera of ten images a second of its own time, sent faster, until the condition holds.

        Not as fast as they go: a flood of thousands a second would leave the node's worker no time of the interpreter.
        """
        if publisher is None:
            self.until_heard()
        camera = publisher or self.harness.images
        end_s = time.monotonic() + deadline_s
        while not until():
            assert time.monotonic() < end_s, f"after {deadline_s} s still waiting for {what}"
            self.stamp_s += step_s
            camera.publish(make(self.stamp_s))
            self.spin_for(every_s)

    def close(self) -> None:
        self.executor.shutdown()
        self.harness.destroy_node()


def executable(name: str) -> str:
    """What colcon installed for `ros2 run stf2m_ros <name>`; skips the test where it is not built."""
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        path = os.path.join(get_package_prefix("stf2m_ros"), "lib", "stf2m_ros", name)
    except PackageNotFoundError:
        path = ""
    if not os.path.exists(path):
        pytest.skip("stf2m_ros is not installed in the environment; `make build` does it")
    return path


def write_video(path: Path, frames: int, fps: float = 10.0, side_px: int = 64) -> Path:
    """A real video whose brightness grows from frame to frame."""
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), fps, (side_px, side_px))
    for number in range(frames):
        writer.write(np.full((side_px, side_px, 3), 250 * number // max(1, frames - 1), np.uint8))
    writer.release()
    return path
