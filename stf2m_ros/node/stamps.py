"""Seconds and message times, and the clock that the images' stamps run on."""

import math
from typing import Optional

from builtin_interfaces.msg import Time

_NS_PER_S = 1_000_000_000


def seconds_of(stamp: Time) -> float:
    return stamp.sec + stamp.nanosec / _NS_PER_S


def time_of(stamp_s: float) -> Time:
    """The message time of seconds, to the nanosecond; times before 0, which messages cannot hold, become 0."""
    # Whole seconds apart: near 1.8e9 s a float of nanoseconds would be off by hundreds of them.
    sec = math.floor(max(0.0, stamp_s))
    carry, nanosec = divmod(round((max(0.0, stamp_s) - sec) * _NS_PER_S), _NS_PER_S)
    return Time(sec=sec + carry, nanosec=nanosec)


class StampClock:
    """What time it is on the clock of the image stamps, also while no image comes.

    Cameras stamp with clocks of their own (time since boot, a bag's time), so the distance to the node's clock
    is taken from the newest image. Before the first image the node's own clock stands in.
    """

    def __init__(self) -> None:
        self._offset_s: Optional[float] = None

    def see(self, stamp_s: float, arrival_s: float) -> None:
        """An image stamped stamp_s came in at arrival_s on the node's clock."""
        self._offset_s = stamp_s - arrival_s

    def at(self, node_time_s: float) -> float:
        """The stamp that an image would carry if it came in at node_time_s."""
        return node_time_s + (self._offset_s or 0.0)
