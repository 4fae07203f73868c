"""Seconds and message times, and the clock that the images' stamps run on."""

import math
from collections import deque
from typing import Deque, Optional

from builtin_interfaces.msg import Time

BACK_S = 1.0
"""A stamp so far before the newest one is a clock that ran back; one nearer to it came out of order."""
MOST_TIMES_BACK, WITHIN_S = 5, 10.0
"""Clocks that run back so often in so short a time are of no use."""
CALM_S = 60.0
"""After so long without another jump they are believed again."""
STILL_S = 2.0
"""Images that carry one and the same stamp, or older ones, for so long: a driver that does not stamp them."""
RUN_BACK, STAND_STILL = "keep running backwards", "stand still"
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


class StampTrust:
    """Whether the images' stamps are of use, or run back again and again, or stand still: two cameras on one topic, a
    broken driver.

    A window needs time to go on. Where every other stamp takes it back none would ever be full, and the robot silent.
    """

    def __init__(self) -> None:
        self.trouble = ""  # RUN_BACK or STAND_STILL while stamps are of no use
        self._newest_s = -math.inf
        self._jumps_s: Deque[float] = deque(maxlen=MOST_TIMES_BACK)
        # On the steady clock: when an image came, when its stamp went on, and when it last was found to stand still.
        self._came_s = self._went_on_s = self._still_s = -math.inf

    def see(self, stamp_s: float, now_s: float) -> bool:
        """An image stamped stamp_s came at now_s of a steady clock; returns whether its stamp may be believed."""
        if now_s - self._came_s > STILL_S:  # while no image comes no stamp can go on
            self._went_on_s = now_s
        self._came_s = now_s
        if stamp_s < self._newest_s - BACK_S:
            self._jumps_s.append(now_s)
            self._newest_s = -math.inf
        if stamp_s > self._newest_s:
            self._newest_s, self._went_on_s = stamp_s, now_s
        self.trouble = self._found(now_s)
        return not self.trouble

    def _found(self, now_s: float) -> str:
        if self._jumps_s and now_s - self._jumps_s[-1] <= CALM_S:
            often = len(self._jumps_s) == MOST_TIMES_BACK and self._jumps_s[-1] - self._jumps_s[0] < WITHIN_S
            if often or self.trouble == RUN_BACK:
                return RUN_BACK
        if now_s - self._went_on_s > STILL_S:
            self._still_s = now_s
        return STAND_STILL if now_s - self._still_s <= CALM_S else ""
