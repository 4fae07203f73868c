"""Arithmetic on face boxes."""

import math

from stf2m_ros.stream.face_observation import Box


def square_around(centre_x: float, centre_y: float, side: float) -> Box:
    return centre_x - side / 2, centre_y - side / 2, side, side


def scaled(box: Box, factor: float) -> Box:
    """The box of another resolution of the same image."""
    x, y, width, height = box
    return x * factor, y * factor, width * factor, height * factor


def is_centred_in(box: Box, rows: int, columns: int) -> bool:
    """Whether the box's centre lies in an image of that size; then any square around it shows some of the image."""
    x, y, width, height = box
    return 0 <= x + width / 2 < columns and 0 <= y + height / 2 < rows


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1."""
    shared_x = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    shared_y = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if shared_x <= 0 or shared_y <= 0:
        return 0.0
    shared = shared_x * shared_y
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def distance(one: Box, other: Box) -> float:
    """Between the centres, in widths of the larger box."""
    across = one[0] + one[2] / 2 - other[0] - other[2] / 2
    down = one[1] + one[3] / 2 - other[1] - other[3] / 2
    return math.hypot(across, down) / max(one[2], other[2])


def size_ratio(one: Box, other: Box) -> float:
    """How many times wider the larger one is."""
    return max(one[2], other[2]) / min(one[2], other[2])


def blended(old: Box, new: Box, position_share: float, size_share: float) -> Box:
    """Old moved towards new: its centre by position_share of the way, its size by size_share."""
    side = old[2] + size_share * (new[2] - old[2])
    centre_x = old[0] + old[2] / 2 + position_share * (new[0] + new[2] / 2 - old[0] - old[2] / 2)
    centre_y = old[1] + old[3] / 2 + position_share * (new[1] + new[3] / 2 - old[1] - old[3] / 2)
    return square_around(centre_x, centre_y, side)
