"""Where the lips lie when action units move them: one half of the mouth, for whole clips at once.

Curves run from the middle of the mouth to its corner; displacements are ours, set by eye.
"""

from typing import Dict, NamedTuple, Tuple

import numpy as np

from stf2m_ros.data.generated_faces.identity import Geometry

Pull = Dict[int, np.ndarray]
"""How far each action unit (FACS number) is pulled on one side, (T,) in [0, 1]."""

_ALONG = np.linspace(0, 1, 7)
_CUPIDS_BOW = np.array([0.0, -0.14, -0.08, 0.04, 0.0, 0.0, 0.0])


class _Heights(NamedTuple):
    """Of the four edges in the middle of the mouth, (T,) each, from top to bottom."""

    top: np.ndarray
    line_top: np.ndarray
    line_bottom: np.ndarray
    bottom: np.ndarray


def half_lips(g: Geometry, a: Pull, middle: Pull, jaw_drop: np.ndarray) -> Dict[str, np.ndarray]:
    """The curves top, line_top, line_bottom and bottom, (T, 7, 2), and the corner, (T, 2).

    a: one side's pull; middle: the mean of both sides'; jaw_drop: (T,).
    """
    press = np.clip(0.55 * a[23] + 0.8 * a[24] + 1.1 * a[28], 0, 1.0)
    corner_x, corner_y = _corner(g, a, middle, jaw_drop)
    heights = _heights(g, a, middle, jaw_drop, press)
    curves = _edges(g, a, corner_y, heights, jaw_drop, press)
    x = corner_x[:, None] * _ALONG[None, :]
    points = {name: np.stack(np.broadcast_arrays(x, y), axis=-1) for name, y in curves.items()}
    points["corner"] = np.stack(np.broadcast_arrays(corner_x, corner_y), axis=-1)
    return points


def _corner(g: Geometry, a: Pull, middle: Pull, jaw_drop: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    x = (
        g.mouth_width
        + 0.12 * a[12]
        + 0.075 * a[20]
        + 0.012 * a[14]
        - 0.05 * a[22]
        - 0.07 * a[18]
        - 0.02 * a[23]
        - 0.085 * a[27]
        - 0.03 * a[26]
        - 0.012 * a[17]
        + 0.012 * a[10]
    )
    y = (
        g.mouth_y
        - g.rest_corner
        - 0.105 * a[12]
        + 0.085 * a[15]
        + 0.03 * a[20]
        + 0.42 * jaw_drop * (1 - 0.4 * a[12])
        + 0.04 * middle[25] * (1 - np.minimum(1.4 * a[12], 1))
        + 0.012 * a[17]
        - 0.012 * a[9]
        - 0.012 * a[10]
    )
    return x, y


def _heights(g: Geometry, a: Pull, middle: Pull, jaw_drop: np.ndarray, press: np.ndarray) -> _Heights:
    thin = (1 - 0.75 * press) * (1 - 0.3 * a[20]) * (1 - 0.25 * a[12])
    gap = g.rest_gap * (1 - press) + 0.08 * middle[25] * (1 - 0.7 * press) + 0.8 * jaw_drop
    up = 0.048 * a[10] + 0.028 * a[9] + 0.016 * a[25] + 0.012 * a[12] + 0.045 * middle[17] + 0.022 * middle[22] * a[25]
    down = 0.05 * a[16] * (0.3 + 0.7 * a[25]) - 0.05 * middle[17] * (1 - a[25])
    mid_y = g.mouth_y + 0.012 * a[12]
    line_top = mid_y - up - 0.12 * gap
    line_bottom = np.maximum(mid_y - up + gap + down + np.minimum(up, 0.05 * a[10]) * a[25], line_top)
    top = line_top - g.upper_lip * thin * (1 + 0.35 * a[10] + 0.5 * a[22] + 0.2 * a[18]) + 0.012 * press
    bottom = line_bottom + g.lower_lip * thin * (1 + 0.35 * a[17] + 0.4 * a[22] + 0.2 * a[18]) - 0.012 * press
    return _Heights(top, line_top, line_bottom, bottom)


def _edges(
    g: Geometry, a: Pull, corner_y: np.ndarray, heights: _Heights, jaw_drop: np.ndarray, press: np.ndarray
) -> Dict[str, np.ndarray]:
    """(T, 7) how high each edge lies on its way from the middle to the corner."""
    u = _ALONG[None, :]
    # Drawn sideways the mouth is a slot, with a falling jaw an oval.
    square = (2.0 + 2.0 * np.clip(a[20] + 0.7 * a[10] + 0.4 * a[25] * a[12], 0, 1))[:, None]
    oval = (1 - 0.5 * np.clip(jaw_drop / 0.15, 0, 1))[:, None]

    def arc(from_y: np.ndarray, narrow: float) -> np.ndarray:
        blend = np.maximum(1 - u ** (square * narrow), 0) ** oval
        return corner_y[:, None] + (from_y - corner_y)[:, None] * blend

    bow = _CUPIDS_BOW * (1 - 0.5 * press[:, None])
    # The levator pulls beside the middle: the squared lip of disgust.
    lifted = (0.028 * a[10] + 0.02 * a[9])[:, None] * np.sin(np.pi * u)
    line_top = arc(heights.line_top, 1.15) - 0.8 * lifted
    return {
        "top": arc(heights.top, 0.9) + bow * g.upper_lip - lifted,
        "line_top": line_top,
        "line_bottom": np.maximum(arc(heights.line_bottom, 1.15), line_top),
        "bottom": arc(heights.bottom, 1.0),
    }
