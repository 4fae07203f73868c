"""The action units that a generated face can move, and how they are stored."""

ACTION_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 38, 43)
"""FACS numbers. 43 (eyes closed) carries the blinks, 18 (pucker) only speech."""

NUM_ACTION_UNITS = len(ACTION_UNITS)
FULL_SCORE = 5.0
"""FACS scores run from 0 to 5 (A to E)."""

IMAGE_LEFT, IMAGE_RIGHT = 0, 1
"""The two sides of the last axis: as the viewer sees them, as everywhere in images."""

_ROW = {unit: row for row, unit in enumerate(ACTION_UNITS)}


def unit_row(unit: int) -> int:
    """Row of an action unit in arrays (..., NUM_ACTION_UNITS, 2). Raises KeyError for a unit that is not drawn."""
    return _ROW[unit]
