"""Folds and furrows: which lines an action unit draws, and how deep. Lines are painted in one 8-bit depth layer."""

from typing import List, Tuple

import numpy as np

from stf2m_ros.data.generated_faces.action_units import ACTION_UNITS
from stf2m_ros.data.generated_faces.canvas import CanvasGrid
from stf2m_ros.data.generated_faces.identity import Identity
from stf2m_ros.data.generated_faces.landmarks import HalfFace, Landmarks

Line = Tuple[np.ndarray, np.ndarray, float]
"""Points (T, n, 2) in half crop sides, depth (T,) in [0, 1], width in half crop sides."""


def wrinkle_lines(identity: Identity, units: np.ndarray, marks: Landmarks) -> List[Line]:
    """Every line of a clip, shallow ones included. units: (T, U, 2) in [0, 1]."""
    age, g = identity.look.age, identity.geometry
    depth = 0.55 + 0.65 * age
    lines: List[Line] = []
    for side, (half, sign) in enumerate(zip(marks.sides, (-1, 1))):
        a = {unit: units[:, row, side] for row, unit in enumerate(ACTION_UNITS)}
        lines += _eye_lines(half, a, sign, age, depth, g.fold_height)
        lines += _brow_lines(half, a, sign, age, depth, identity.look.hairline_y)
        lines += _nose_lines(half, a, sign, depth, g.eye_y)
        lines += _mouth_lines(half, a, sign, age, depth)
    return lines + _chin_lines(marks, units, age)


def fixed_lines(lines: List[Line], grid: CanvasGrid) -> List[Tuple[np.ndarray, np.ndarray, int]]:
    """The same in canvas pixels: points in sixteenths, depth 0 to 255, thickness in pixels."""
    return [
        (grid.fixed(points), np.clip(strength * 255, 0, 255).astype(np.int32), max(1, round(width * grid.px_per_unit)))
        for points, strength, width in lines
    ]


def _eye_lines(half: HalfFace, a: dict, sign: int, age: float, depth: float, fold_height: float) -> List[Line]:
    lift = np.array([0.0, 1.0])
    fold = half.upper_lid - lift * (fold_height + 0.012)
    under = half.lower_lid[:, 1:] + lift * 0.035
    pouch = half.lower_lid[:, 1:] + lift * 0.075 - lift * (0.015 * a[6])[:, None, None]
    outer = half.upper_lid[:, -1:]
    lines = [
        (fold, np.full(len(outer), 0.35) + 0.25 * a[5] - 0.2 * a[43], 0.016),
        (under, depth * (0.12 + 0.45 * a[7] + 0.4 * a[6] + 0.2 * a[9]), 0.016),
        (pouch, depth * (0.3 * age + 0.6 * a[6] + 0.15 * a[9]), 0.016),
    ]
    for rise in (-0.05, 0.0, 0.05):
        ray = np.array([[0.03 * sign, rise * 0.5], [0.075 * sign, rise], [0.12 * sign, rise * 1.3 + 0.01]])
        lines.append((outer + ray, depth * (0.85 * a[6] * (0.4 + 0.6 * age) + 0.12 * age), 0.012))
    return lines


def _brow_lines(half: HalfFace, a: dict, sign: int, age: float, depth: float, hairline_y: float) -> List[Line]:
    inner = half.brow_middle[:, :1]
    furrow = inner + np.array([[-0.075 * sign, -0.05], [-0.07 * sign, 0.02], [-0.085 * sign, 0.10]])
    second = inner + np.array([[-0.015 * sign, -0.07], [-0.02 * sign, -0.01]])
    bulge = inner + np.array([[-0.03 * sign, 0.035], [0.06 * sign, 0.05], [0.16 * sign, 0.03]])
    lines = [
        (furrow, depth * (0.95 * a[4] + 0.3 * a[9] + 0.1 * age), 0.024),
        (second, depth * 0.5 * a[4], 0.018),
        (bulge, depth * 0.4 * np.maximum(a[4] * (1 - a[1]), a[9]), 0.03),
    ]
    brow = half.brow_middle
    room = np.maximum(brow[:, 1:2, 1] - hairline_y, 0.18)  # (T, 1)
    centre = np.stack([np.zeros(len(brow)), brow[:, 0, 1] + 0.01], axis=-1)[:, None]
    path = np.concatenate([centre, brow[:, :4]], axis=1)
    strength = depth * (0.75 * np.maximum(a[1], a[2]) + 0.18 * age)
    for place in (0.32, 0.5, 0.68):
        line = path.copy()
        line[..., 1] = (1 - place * 0.55) * path[..., 1] + place * 0.55 * path[:, 1:2, 1] - place * room
        lines.append((line, strength * (1.0 if place == 0.5 else 0.75), 0.016))
    return lines


def _nose_lines(half: HalfFace, a: dict, sign: int, depth: float, eye_y: float) -> List[Line]:
    strength = depth * 1.1 * a[9]
    still = np.zeros((len(strength), 1, 1))
    lines = []
    for step in range(3):
        y = eye_y - 0.04 + 0.055 * step
        ray = np.array([[0.015 * sign, y], [0.055 * sign, y - 0.012], [(0.09 + 0.012 * step) * sign, y + 0.03]])
        lines.append((ray + still, strength, 0.018))
    wing = half.wing[:, None] + np.array(
        [[-0.012 * sign, -0.06], [0.012 * sign, -0.03], [0.012 * sign, 0.015], [-0.02 * sign, 0.04]]
    )
    lines.append((wing, 0.3 + 0.3 * a[9] + 0.15 * a[10] + 0.1 * a[12], 0.02))
    return lines


def _mouth_lines(half: HalfFace, a: dict, sign: int, age: float, depth: float) -> List[Line]:
    fold = depth * (0.32 * age + 0.95 * a[12] + 0.7 * a[10] + 0.95 * a[9] + 0.3 * a[20] + 0.15 * a[15] + 0.1 * a[6])
    corner = half.corner[:, None]
    bracket = corner + np.array([[0.035 * sign, -0.035], [0.045 * sign, 0.0], [0.03 * sign, 0.035]])
    droop = corner + np.array([[0.005 * sign, 0.0], [0.03 * sign, 0.045], [0.035 * sign, 0.11]])
    return [
        (half.fold, np.minimum(fold, 1), 0.03),
        (half.fold[:, 2:], np.minimum(0.3 * fold, 1), 0.06),
        (bracket, np.minimum(depth * (0.7 * a[14] + 0.5 * a[12] + 0.35 * a[20]), 1), 0.02),
        (droop, depth * (0.2 * age + 0.8 * a[15] + 0.2 * a[17]), 0.024),
        (corner + np.array([[-0.012 * sign, 0.0], [0.018 * sign, 0.0]]), np.full(len(fold), 0.45), 0.03),
    ]


def _chin_lines(marks: Landmarks, units: np.ndarray, age: float) -> List[Line]:
    pull = units.mean(axis=-1)
    raise_ = pull[:, ACTION_UNITS.index(17)]
    middle = marks.lower_lip.shape[1] * 3 // 4
    under = marks.lower_lip[:, middle - 1 : middle + 2].mean(axis=1, keepdims=True)
    arch = np.array([[-0.15, 0.085], [-0.08, 0.05], [0.0, 0.042], [0.08, 0.05], [0.15, 0.085]])
    dimples = np.array([[-0.05, 0.13], [0.0, 0.15], [0.05, 0.125]])
    flat = 1 - 0.6 * marks.jaw_drop / 0.27
    return [
        (under + arch, (0.1 + 0.35 * raise_ + 0.08 * age) * flat, 0.05),
        (under + dimples, 0.25 * raise_, 0.03),
    ]
