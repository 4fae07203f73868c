"""Of the many frames of a camera, the one per slot that is worth encoding."""

from dataclasses import dataclass
from typing import Optional

from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.settings import WindowGrid
from stf2m_ros.stream.slot_grid import ClockJumpedBack, slot_of


@dataclass(frozen=True)
class ChosenFrame:
    """The frame nearest to its slot's centre; no frame of this slot comes after it."""

    slot: int
    frame: Frame


class SlotChooser:
    """Keeps the frame nearest to its slot's centre and gives it away when the slot is over.

    A frame that arrives up to tolerance_s out of order is passed over; one that is older than that is a clock
    that jumped back.
    """

    def __init__(self, grid: WindowGrid, tolerance_s: float = 1.0) -> None:
        self._slot_s = grid.slot_s
        self._tolerance_s = tolerance_s
        self.reset()

    def offer(self, frame: Frame) -> Optional[ChosenFrame]:
        """Take a frame in; returns the chosen frame of an earlier slot when this one ends it.

        Raises ClockJumpedBack, and has taken nothing in, when the stamp lies far before the newest one.
        """
        self._check_clock(frame.stamp_s)
        slot = slot_of(frame.stamp_s, self._slot_s)
        if slot <= self._last_given:
            return None
        if self._waiting is None or slot > self._waiting.slot:
            given, self._waiting = self._give(), ChosenFrame(slot, frame)
            return given
        if slot == self._waiting.slot and self._distance_s(frame) < self._distance_s(self._waiting.frame):
            self._waiting = ChosenFrame(slot, frame)
        return None

    def pass_time(self, stamp_s: float) -> Optional[ChosenFrame]:
        """Time goes on without a frame; returns the waiting frame if its slot is over by then."""
        self._check_clock(stamp_s)
        if self._waiting is None or slot_of(stamp_s, self._slot_s) <= self._waiting.slot:
            return None
        return self._give()

    def reset(self) -> None:
        self._waiting: Optional[ChosenFrame] = None
        self._last_given = float("-inf")
        self._newest_s = float("-inf")

    def _give(self) -> Optional[ChosenFrame]:
        given, self._waiting = self._waiting, None
        if given is not None:
            self._last_given = given.slot
        return given

    def _distance_s(self, frame: Frame) -> float:
        return abs(frame.stamp_s - slot_of(frame.stamp_s, self._slot_s) * self._slot_s)

    def _check_clock(self, stamp_s: float) -> None:
        if stamp_s < self._newest_s - self._tolerance_s:
            raise ClockJumpedBack(f"stamp {stamp_s:.3f} s came after {self._newest_s:.3f} s")
        self._newest_s = max(self._newest_s, stamp_s)
