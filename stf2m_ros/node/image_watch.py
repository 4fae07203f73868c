"""Every user's first problem: no image comes. Says once where the node listens, and who sends there what."""

from collections import deque
from typing import Deque, List, Optional

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.topic_endpoint_info import TopicEndpointInfo

SILENCE_S = 3.0
_RATE_OF = 6
_PROFILE_HINT = (
    "large images get lost without the shared-memory profile in the camera's process too, see docs/troubleshooting.md"
)


class ImageWatch:
    """Knows since when no image came, and speaks once per silence. Times are seconds of a steady clock."""

    def __init__(self, now_s: float) -> None:
        self._last_s = now_s
        self._said = False

    def see(self, now_s: float) -> Optional[float]:
        """An image came. Returns how long the silence was, if it had been spoken of."""
        silent_s, said = self.silent_s(now_s), self._said
        self._last_s, self._said = now_s, False
        return silent_s if said else None

    def silent_s(self, now_s: float) -> float:
        return now_s - self._last_s

    def is_silent(self, now_s: float) -> bool:
        return self.silent_s(now_s) >= SILENCE_S

    def must_speak(self, now_s: float) -> bool:
        """True once in each silence."""
        if self._said or not self.is_silent(now_s):
            return False
        self._said = True
        return True


class ImageRate:
    """How many images come in a second of their stamps' clock."""

    def __init__(self) -> None:
        self._stamps_s: Deque[float] = deque(maxlen=_RATE_OF)

    def see(self, stamp_s: float) -> None:
        """An image came. Where time ran back the count begins anew."""
        if self._stamps_s and stamp_s < self._stamps_s[-1]:
            self._stamps_s.clear()
        self._stamps_s.append(stamp_s)

    @property
    def per_s(self) -> Optional[float]:
        """None before enough have come."""
        if len(self._stamps_s) < _RATE_OF or self._stamps_s[-1] <= self._stamps_s[0]:
            return None
        return (_RATE_OF - 1) / (self._stamps_s[-1] - self._stamps_s[0])


def describe_publishers(node: Node, topic: str, type_name: str, qos: QoSProfile) -> str:
    """How many publishers a resolved topic has, and whether each is one that our subscription can hear."""
    publishers = node.get_publishers_info_by_topic(topic)
    if not publishers:
        return "0 publishers; is the camera running, and is the topic's name right?"
    troubles = _troubles(publishers, type_name, qos)
    count = f"{len(publishers)} publisher{'s' if len(publishers) > 1 else ''}"
    if troubles:
        return f"{count}; {'; '.join(troubles)}"
    return f"{count} of fitting QoS; {_PROFILE_HINT}"


def describe_unheard(node: Node, topic: str, type_name: str, qos: QoSProfile) -> str:
    """Which publishers of a resolved topic our subscription cannot hear, and why; empty where it hears all."""
    return "; ".join(_troubles(node.get_publishers_info_by_topic(topic), type_name, qos))


def _troubles(publishers: List[TopicEndpointInfo], type_name: str, qos: QoSProfile) -> List[str]:
    return [each for each in (_trouble(publisher, type_name, qos) for publisher in publishers) if each]


def _trouble(publisher: TopicEndpointInfo, type_name: str, qos: QoSProfile) -> str:
    name = publisher.node_name
    if publisher.topic_type != type_name:
        return f"{name} sends {publisher.topic_type}, expected {type_name}"
    compatibility, reason = qos_check_compatible(publisher.qos_profile, qos)
    if compatibility == QoSCompatibility.ERROR:
        return f"the QoS of {name} does not fit: {' '.join(reason.split())}"
    return ""


def topic_type_name(message_type: type) -> str:
    """The name under which the graph knows a message type: package/msg/Type."""
    parts: List[str] = message_type.__module__.split(".")
    return f"{parts[0]}/{parts[1]}/{message_type.__name__}"
