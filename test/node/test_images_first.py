"""The node's executor over a real node: data at once, requests soon, timers in time."""

import threading
import time
from typing import Callable, Iterator

import pytest

from stf2m_ros.node.built_messages import ADVICE

pytest.importorskip("stf2m_msgs.msg", reason=ADVICE)

from rcl_interfaces.srv import ListParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image

from stf2m_ros.node.images_first import ImagesFirst

DEADLINE_S = 30.0


class Served(Node):
    """Hears images, ticks, and has services for its parameters as every node has."""

    def __init__(self) -> None:
        super().__init__("served")
        self.heard = self.ticks = 0
        self.create_subscription(Image, "image", self._hear, 10)
        self.create_timer(0.05, self._tick)

    def _hear(self, message: Image) -> None:
        self.heard += 1

    def _tick(self) -> None:
        self.ticks += 1


@pytest.fixture()
def served(ros: None) -> Iterator[Served]:
    """Spun by the executor on a thread of its own."""
    node, executor = Served(), ImagesFirst()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield node
    executor.shutdown()
    thread.join(DEADLINE_S)
    assert not thread.is_alive()
    node.destroy_node()


def test_data_requests_and_timers_are_all_served(served: Served) -> None:
    other, executor = Node("other"), SingleThreadedExecutor()
    executor.add_node(other)
    publisher, client = (
        other.create_publisher(Image, "image", 10),
        other.create_client(ListParameters, "served/list_parameters"),
    )

    def publish() -> None:
        publisher.publish(Image())
        executor.spin_once(0.05)

    _until(lambda: served.heard >= 3, publish)
    for _ in range(3):
        answered = client.call_async(ListParameters.Request())
        _until(answered.done, publish)
        assert "use_sim_time" in answered.result().result.names
    assert served.ticks > 0
    executor.shutdown()
    other.destroy_node()


def test_a_request_is_answered_where_no_image_comes(served: Served) -> None:
    other, executor = Node("other"), SingleThreadedExecutor()
    executor.add_node(other)
    answered = other.create_client(ListParameters, "served/list_parameters").call_async(ListParameters.Request())
    _until(answered.done, lambda: executor.spin_once(0.05))
    executor.shutdown()
    other.destroy_node()


def test_between_times_only_what_brings_data_or_time_is_waited_for(ros: None) -> None:
    node, executor = Served(), ImagesFirst()
    executor.add_node(node)
    everything, (light,) = executor.get_nodes(), executor.get_nodes()
    assert everything == [node]
    assert light.subscriptions == list(node.subscriptions) and light.timers == list(node.timers)
    assert list(node.services) and not light.services
    assert not (light.clients or light.guards or light.waitables)
    executor.shutdown()
    node.destroy_node()


def _until(reached: Callable[[], bool], step: Callable[[], None]) -> None:
    end_s = time.monotonic() + DEADLINE_S
    while not reached():
        assert time.monotonic() < end_s
        step()
