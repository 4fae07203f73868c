"""A camera process: publishes the talking person as a driver would, and leaves the stamps that it sent.

python camera.py WIDTH HEIGHT RATE SECONDS STAMPS.npy
"""

import array
import sys
import time
from pathlib import Path
from typing import List

import numpy as np
import rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]
from measuring.scene import TalkingScene  # noqa: E402

SCENE_S = 2.0
PATIENCE_S = 30.0


def main(width: int, height: int, rate: float, seconds: float, stamps_file: str) -> int:
    messages = [_message(image) for image in _images(width, height, rate)]
    rclpy.init()
    node = rclpy.create_node("bench_camera")
    publisher = node.create_publisher(Image, "image", qos_profile_sensor_data)
    deadline_s = time.monotonic() + PATIENCE_S
    while publisher.get_subscription_count() == 0:
        if time.monotonic() > deadline_s:
            print("camera: expected a node that takes images, found none", file=sys.stderr)
            return 1
        time.sleep(0.05)
    time.sleep(1.0)  # the other side has to find us too
    np.save(stamps_file, np.array(_film(publisher, messages, rate, seconds)))
    node.destroy_node()
    rclpy.try_shutdown()
    return 0


def _images(width: int, height: int, rate: float) -> List[np.ndarray]:
    scene = TalkingScene(width, height, rate, SCENE_S)
    return [scene.image(number) for number in range(2 * round(SCENE_S * rate) - 2)]


def _message(image: np.ndarray) -> Image:
    height, width = image.shape[:2]
    message = Image(height=height, width=width, encoding="rgb8", step=3 * width)
    message.header.frame_id = "camera"
    message.data = array.array("B", image.tobytes())
    return message


def _film(publisher: object, messages: List[Image], rate: float, seconds: float) -> List[float]:
    stamps_s, began_s = [], time.monotonic()
    for number in range(round(seconds * rate)):
        pause_s = began_s + number / rate - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
        message, now_ns = messages[number % len(messages)], time.time_ns()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(now_ns, 10**9)
        stamps_s.append(now_ns / 1e9)
        publisher.publish(message)
    return stamps_s


if __name__ == "__main__":
    size_and_time = [float(argument) for argument in sys.argv[1:5]]
    sys.exit(main(int(size_and_time[0]), int(size_and_time[1]), size_and_time[2], size_and_time[3], sys.argv[5]))
