"""Leaves images in the middleware while none is of use: an executor does not wait for what its group holds back."""

import time
from typing import Optional

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from stf2m_ros.node.image_pacing import ImagePacing

_ANY_S = 1.0  # a timer has to have a period when it is made


class ImageRest(CallbackGroup):
    """The callback group of the image subscription, which must hold the newest image only. One thread uses it.

    It takes every image until begin(), and works in every executor that asks the groups.
    """

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._pacing: Optional[ImagePacing] = None
        self._resting = False
        # Not the node's time: what is slept through is a delay of this machine.
        self._alarm = node.create_timer(_ANY_S, self._wake, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._alarm.cancel()

    @property
    def paced(self) -> bool:
        """Whether images are left untaken."""
        return self._pacing is not None and self._pacing.known

    def begin(self, slot_s: float) -> None:
        """From now on it learns when it may rest, to take the one image that counts of every slot_s seconds."""
        self._pacing = ImagePacing(slot_s)

    def end(self) -> None:
        """Takes every image again, and forgets the camera."""
        self._pacing = None
        self._wake()

    def forget(self) -> None:
        """The images' stamps are of no use."""
        if self._pacing is not None:
            self._pacing.forget()

    def see(self, stamp_s: float) -> bool:
        """An image was taken. Returns whether no other is needed for its slot; then it rests until the next one's."""
        now_s = time.monotonic()
        until_s = None if self._pacing is None else self._pacing.see(stamp_s, now_s)
        if until_s is not None and until_s > now_s:
            self._resting = True
            self._alarm.timer_period_ns = int((until_s - now_s) * 1e9)
            self._alarm.reset()
        return until_s is not None

    def _wake(self) -> None:
        self._resting = False
        self._alarm.cancel()

    # -- what an executor asks of a group

    def can_execute(self, entity: object) -> bool:
        return not self._resting

    def beginning_execution(self, entity: object) -> bool:
        return True

    def ending_execution(self, entity: object) -> None:
        """Nothing else is kept from beginning."""
