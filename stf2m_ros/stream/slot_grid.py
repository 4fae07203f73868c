"""Slot numbers: stamps are epoch seconds near 1.8e9, so everything on the grid is counted in integers."""

import math


class ClockJumpedBack(Exception):
    """A stamp lies clearly before one that was already seen: the clock was reset, or a bag loops."""


def slot_of(stamp_s: float, slot_s: float) -> int:
    """Number of the slot whose centre, k * slot_s, is nearest; halfway belongs to the later one."""
    return math.floor(stamp_s / slot_s + 0.5)


def slot_at(edge_s: float, slot_s: float) -> int:
    """Number of the slot whose centre edge_s is; for window and segment edges, which lie on the grid."""
    return round(edge_s / slot_s)
