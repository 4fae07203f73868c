"""Where the features of a face lie when action units move them.

Every function takes whole clips at once: units (T, U, 2) in [0, 1], curves (T, n, 2). Displacements are ours, set by
eye.
"""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from stf2m_ros.data.generated_faces.action_units import ACTION_UNITS
from stf2m_ros.data.generated_faces.identity import Geometry
from stf2m_ros.data.generated_faces.lips import Pull, half_lips

_LID = np.linspace(-1, 1, 9)


@dataclass(frozen=True)
class HalfFace:
    """One side's curves, x already mirrored for the viewer's left. (T, n, 2) unless said otherwise."""

    brow: np.ndarray  # closed polygon
    brow_middle: np.ndarray
    eye: np.ndarray  # closed polygon
    upper_lid: np.ndarray
    lower_lid: np.ndarray
    eye_centre: np.ndarray  # (T, 2)
    wing: np.ndarray  # (T, 2) side of the nose
    corner: np.ndarray  # (T, 2) of the mouth
    fold: np.ndarray  # nasolabial


@dataclass(frozen=True)
class Landmarks:
    """A whole face."""

    sides: Tuple[HalfFace, HalfFace]
    outline: np.ndarray  # closed polygon
    upper_lip: np.ndarray  # closed polygons
    lower_lip: np.ndarray
    mouth_opening: np.ndarray
    lip_line: np.ndarray
    chin: np.ndarray  # (T, 2)
    jaw_drop: np.ndarray  # (T,)
    lip_gap: np.ndarray  # (T,) largest distance between the lips


def place_landmarks(geometry: Geometry, units: np.ndarray) -> Landmarks:
    """The face's curves for units (T, U, 2) in [0, 1]; last axis is the viewer's left and right."""
    pulls = tuple({unit: units[:, row, side] for row, unit in enumerate(ACTION_UNITS)} for side in (0, 1))
    middle = {unit: (pulls[0][unit] + pulls[1][unit]) / 2 for unit in ACTION_UNITS}
    jaw_drop = np.minimum(0.015 * middle[25] + 0.13 * middle[26] + 0.27 * middle[27], 0.3)
    lips = [half_lips(geometry, pull, middle, jaw_drop) for pull in pulls]
    sides = tuple(_half_face(geometry, pull, sign, lip["corner"]) for pull, sign, lip in zip(pulls, (-1, 1), lips))
    top, line_top, line_bottom, bottom = (_join(lips, name) for name in ("top", "line_top", "line_bottom", "bottom"))
    chin_y = geometry.chin_y + 0.85 * jaw_drop - 0.02 * middle[17]
    return Landmarks(
        sides=sides,
        outline=_outline(geometry, chin_y),
        upper_lip=_closed(top, line_top),
        lower_lip=_closed(line_bottom, bottom),
        mouth_opening=_closed(line_top, line_bottom),
        lip_line=(line_top + line_bottom) / 2,
        chin=np.stack([np.zeros_like(chin_y), chin_y], axis=-1),
        jaw_drop=jaw_drop,
        lip_gap=(line_bottom - line_top)[..., 1].max(axis=1),
    )


def _half_face(g: Geometry, a: Pull, sign: int, corner: np.ndarray) -> HalfFace:
    middle = _brow_curve(g, a)
    thickness = g.brow_thickness * np.array([0.85, 1.0, 0.95, 0.7, 0.25]) / 2
    rise = np.stack([np.zeros(5), thickness], axis=-1)
    centre, upper, lower = _eye_curves(g, a)
    wing = _points(
        g.nose_width + 0.02 * a[9] + 0.02 * a[38] + 0.012 * a[12] + 0.008 * a[10],
        g.nose_y - 0.035 * a[9] - 0.02 * a[10] - 0.006 * a[12],
    )
    curves = dict(
        brow=_closed(middle - rise, middle + rise),
        brow_middle=middle,
        eye=_closed(upper, lower),
        upper_lid=upper,
        lower_lid=lower,
        eye_centre=centre,
        wing=wing,
        corner=corner,
        fold=_fold_curve(g, a, wing, corner),
    )
    return HalfFace(**{name: curve * np.array([sign, 1.0]) for name, curve in curves.items()})


def _brow_curve(g: Geometry, a: Pull) -> np.ndarray:
    along = np.array([0.0, 0.28, 0.55, 0.8, 1.0])
    inner, outer = np.array([1.0, 0.75, 0.35, 0.1, 0.0]), np.array([0.1, 0.45, 0.9, 1.0, 0.85])
    frown = np.array([1.0, 0.95, 0.65, 0.3, 0.1])
    wrinkled = np.array([0.8, 0.6, 0.3, 0.1, 0.0])
    arch = g.brow_arch * np.array([0.0, 0.7, 1.0, 0.6, -0.3])
    # Frown and inner raise together pull the inner ends up and together: the oblique brows of grief and fear.
    frowning = a[4] * (1 - 0.6 * a[1])
    x = g.brow_inner_x + g.brow_length * along - 0.055 * a[4][:, None] * (1 - along)
    y = (
        g.brow_y
        + g.brow_slope * (0.5 - along)
        - arch
        - 0.125 * a[1][:, None] * inner
        - 0.125 * a[2][:, None] * outer
        + 0.095 * frowning[:, None] * frown
        + 0.055 * a[9][:, None] * wrinkled
        + 0.012 * a[6][:, None] * np.array([0.0, 0.0, 0.5, 1.0, 1.0])
    )
    return np.stack([x, y], axis=-1)


def _eye_curves(g: Geometry, a: Pull) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    upper_height = (
        g.eye_opening * 0.58 + 0.046 * a[5] - 0.012 * a[4] * (1 - a[5]) - 0.016 * a[7] - 0.018 * a[9] - 0.016 * a[6]
    )
    lower_height = g.eye_opening * 0.42 + 0.006 * a[5] - 0.020 * a[7] - 0.022 * a[6] - 0.012 * a[9] - 0.008 * a[12]
    shut = np.clip(a[43], 0, 1)
    upper_height = np.maximum(upper_height, 0.006) * (1 - shut) - shut * 0.55 * lower_height
    lower_height = np.maximum(lower_height, -0.25 * np.maximum(upper_height, 0))
    x = g.eye_x + g.eye_width * _LID
    tilt = -g.eye_slope * _LID
    bow = (1 - _LID**2) ** 0.75
    shift = 0.1 * g.eye_width * (1 - _LID**2)  # the lid's highest point lies inward of the middle
    upper = np.stack(np.broadcast_arrays(x - shift, g.eye_y + tilt - upper_height[:, None] * bow), axis=-1)
    lower = np.stack(np.broadcast_arrays(x + shift, g.eye_y + tilt + lower_height[:, None] * bow), axis=-1)
    centre = np.broadcast_to(np.array([g.eye_x, g.eye_y - 0.008]), (len(shut), 2))
    return centre, upper, lower


def _fold_curve(g: Geometry, a: Pull, wing: np.ndarray, corner: np.ndarray) -> np.ndarray:
    start = wing + np.array([0.015, -0.035])
    end = corner + np.stack([0.055 + 0.03 * a[12], 0.02 + 0.05 * a[15] - 0.02 * a[12]], axis=-1)
    belly = (start + end) / 2 + np.stack(
        [0.035 + 0.05 * a[12] + 0.03 * a[9] + 0.02 * a[10], -0.02 - 0.03 * a[12] - 0.02 * a[9]], axis=-1
    )
    t = np.linspace(0, 1, 7)[None, :, None]
    return (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * belly[:, None] + t**2 * end[:, None]


def _outline(g: Geometry, chin_y: np.ndarray) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    across, down = np.sin(angle), -np.cos(angle)
    centre_y = -0.18
    lower = np.maximum(down, 0)
    taper = 1 - (1 - g.jaw_width) * lower**1.5 * (1 - 0.25 * lower)
    power = np.where(down > 0, 0.72, 0.95)
    x = g.face_width * np.sign(across) * np.abs(across) ** power * taper
    height = np.where(down > 0, chin_y[:, None] - centre_y, centre_y - g.top_y)
    return np.stack(np.broadcast_arrays(x, centre_y + height * down), axis=-1)


def _join(lips: list, name: str) -> np.ndarray:
    left, right = lips[0][name] * np.array([-1.0, 1.0]), lips[1][name]
    middle = (left[:, :1] + right[:, :1]) / 2
    return np.concatenate([left[:, :0:-1], middle, right[:, 1:]], axis=1)


def _closed(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    return np.concatenate([there, back[:, ::-1]], axis=1)


def _points(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.stack(np.broadcast_arrays(x, y), axis=-1)
