"""The last 30 seconds on the stamp grid: whether each slot saw a face, and which, or why it saw nobody."""

import math
from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.settings import WindowGrid
from stf2m_ros.stream.slot_grid import slot_at, slot_of

_EMPTY = np.iinfo(np.int64).min


@dataclass(frozen=True)
class WindowArrays:
    """One window of T slots, oldest first."""

    start_s: float
    end_s: float
    rows: np.ndarray  # (T,) where the slot's tokens are kept; means nothing where the slot holds no face
    frame_presence: np.ndarray  # (1, T) float32, 1 where the slot holds a face
    absence: np.ndarray  # (T,) uint8, values of AbsenceReason, PRESENT where the slot holds a face


class TimeWindow:
    """Rows of tokens by slot; the rows are used again as time goes on. Who keeps the tokens, see TokenStore.

    A slot holds the nearest encoded frame within slot_s of its centre. A slot that was itself looked at, and
    nobody was there, stays absent: a neighbour's face is not put where nobody was seen.
    """

    def __init__(self, grid: WindowGrid, slack_s: float = 5.0) -> None:
        """slack_s: how long after a window's end its slots are still kept, for a recognizer that lags."""
        self._grid = grid
        # One slot before the window can still be the nearest to its first slot.
        self.rows = grid.slots + 1 + math.ceil(slack_s / grid.slot_s)
        self._slots = np.empty(self.rows, np.int64)
        self._stamps_s = np.zeros(self.rows, np.float64)
        self._reasons = np.zeros(self.rows, np.uint8)
        self.reset()

    def begin(self, stamp_s: float) -> None:
        """Data of any kind began by stamp_s: a slot from here on without an image is a silent camera's."""
        slot = slot_of(stamp_s, self._grid.slot_s)
        self._oldest = slot if self._oldest is None else min(self._oldest, slot)

    def put(self, stamp_s: float) -> Optional[int]:
        """A face was seen at stamp_s: the row for its tokens, None where that is too long ago to matter.

        A slot's second frame replaces its first.
        """
        row = self._claim(stamp_s)
        if row is not None:
            self._reasons[row] = AbsenceReason.PRESENT
        return row

    def put_absence(self, stamp_s: float, reason: AbsenceReason) -> None:
        """Keep why the image of stamp_s shows no face of the followed person."""
        row = self._claim(stamp_s)
        if row is not None:
            self._reasons[row] = reason

    def assemble(self, end_s: float) -> WindowArrays:
        """The window that ends at end_s, a multiple of hop_s: slots with centres in [end_s - span_s, end_s).

        Only slots before end_s count, so that live and replay agree however far ahead the camera is.
        """
        end_slot = slot_at(end_s, self._grid.slot_s)
        slots = np.arange(end_slot - self._grid.slots, end_slot)
        rows, held = self._nearest(slots, end_slot)
        return WindowArrays(
            start_s=end_s - self._grid.span_s,
            end_s=end_s,
            rows=rows,
            frame_presence=held.astype(np.float32)[None],
            absence=self._absence(slots, held),
        )

    def reset(self) -> None:
        """Forget everything: another person, or another clock."""
        self._slots.fill(_EMPTY)
        self._newest: Optional[int] = None
        self._oldest: Optional[int] = None

    def _claim(self, stamp_s: float) -> Optional[int]:
        slot = slot_of(stamp_s, self._grid.slot_s)
        if self._newest is not None and slot <= self._newest - self.rows:
            return None
        self.begin(stamp_s)
        self._newest = slot if self._newest is None else max(self._newest, slot)
        row = slot % self.rows
        self._slots[row] = slot
        self._stamps_s[row] = stamp_s
        return row

    def _seen(self, slots: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        rows = slots % self.rows
        return rows, self._slots[rows] == slots

    def _nearest(self, slots: np.ndarray, end_slot: int) -> Tuple[np.ndarray, np.ndarray]:
        """Row of each slot's nearest face, and whether there is one."""
        own_rows, looked_at = self._seen(slots)
        if looked_at.all():  # as long as the camera keeps up
            return own_rows, self._reasons[own_rows] == AbsenceReason.PRESENT
        best_rows = own_rows.copy()
        best_distance = np.where(looked_at, 0.0, np.inf)  # a looked-at slot is never filled from beside it
        for beside in (-1, 1):
            rows, seen = self._seen(slots + beside)
            face = seen & (self._reasons[rows] == AbsenceReason.PRESENT) & (slots + beside < end_slot)
            distance = np.abs(self._stamps_s[rows] / self._grid.slot_s - slots)
            # Stamps near 1.8e9 s are exact to 2.4e-7 s only.
            nearer = face & (distance <= 1 + 1e-5) & (distance < best_distance)
            best_rows = np.where(nearer, rows, best_rows)
            best_distance = np.where(nearer, distance, best_distance)
        held = np.where(looked_at, self._reasons[own_rows] == AbsenceReason.PRESENT, np.isfinite(best_distance))
        return best_rows, held

    def _absence(self, slots: np.ndarray, held: np.ndarray) -> np.ndarray:
        rows, looked_at = self._seen(slots)
        if looked_at.all():
            return self._reasons[rows]
        filling = np.ones(len(slots), bool) if self._oldest is None else slots < self._oldest
        unseen = np.where(filling, AbsenceReason.WINDOW_FILLING, AbsenceReason.NO_IMAGES)
        reasons = np.where(looked_at, self._reasons[rows], unseen)
        return np.where(held, AbsenceReason.PRESENT, reasons).astype(np.uint8)
