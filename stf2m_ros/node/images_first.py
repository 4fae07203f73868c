"""The node's executor: with each image it looks at what brings data, and seldom at what is seldom asked for.

rclpy builds its list of what to wait for anew for every image, twice, from some thirty things: mostly services and
events that nobody asks for all day. At 30 images/s that was a tenth of what the whole node costs.
"""

import time
from typing import List, Tuple

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

ALL_EVERY_S = 0.1
"""How often services and events are waited for too. Until then a request waits, at most for the node's next timer."""


class ImagesFirst(SingleThreadedExecutor):
    """One thread, as its base; a request to a service may wait for ALL_EVERY_S and a timer's period longer.

    A node without any timer would leave requests waiting for its next message.
    """

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._next_all_s = float("-inf")

    def get_nodes(self) -> List[Node]:
        """What the base waits for: the nodes, or of each node only what brings data."""
        nodes, now_s = super().get_nodes(), time.monotonic()
        if now_s < self._next_all_s:
            return [_Data(node) for node in nodes]
        self._next_all_s = now_s + ALL_EVERY_S
        return nodes


class _Data:
    """Of a node what brings data or time, by the names under which an executor asks for it."""

    clients: Tuple = ()
    services: Tuple = ()
    guards: Tuple = ()
    waitables: Tuple = ()

    def __init__(self, node: Node) -> None:
        self.subscriptions, self.timers = list(node.subscriptions), list(node.timers)
