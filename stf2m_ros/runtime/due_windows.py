"""Which window is due: windows end on multiples of the hop, and are due when their last slot is over."""

from typing import Optional

from stf2m_ros.stream.settings import WindowGrid
from stf2m_ros.stream.slot_grid import slot_of


class DueWindows:
    """Counts window ends in slots. The newest due window is the one to judge; older ones are superseded by it."""

    def __init__(self, grid: WindowGrid) -> None:
        self._slot_s = grid.slot_s
        self._hop_slots = round(grid.hop_s / grid.slot_s)
        self.reset()

    def reset(self) -> None:
        self._newest: Optional[int] = None
        self._next_end = 0

    def advance_to(self, stamp_s: float) -> None:
        """The newest stamp that was heard of; an older one changes nothing."""
        slot = slot_of(stamp_s, self._slot_s)
        if self._newest is None:
            self._next_end = self._end_at(slot) + self._hop_slots
        self._newest = slot if self._newest is None else max(self._newest, slot)

    def is_due(self) -> bool:
        return self._newest is not None and self._newest >= self._next_end

    def take(self) -> float:
        """End of the newest due window, in seconds; the next is a hop later. Raises RuntimeError when none is due."""
        if self._newest is None or not self.is_due():
            raise RuntimeError("expected a window that is due, found none; ask is_due() first")
        end = self._end_at(self._newest)
        self._next_end = end + self._hop_slots
        return end * self._slot_s

    def _end_at(self, slot: int) -> int:
        return slot // self._hop_slots * self._hop_slots
