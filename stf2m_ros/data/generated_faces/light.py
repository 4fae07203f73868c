"""Light on a face: a height map of the bones, and how bright it makes each spot."""

from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np

from stf2m_ros.data.generated_faces.canvas import CanvasGrid
from stf2m_ros.data.generated_faces.identity import Geometry


@dataclass(frozen=True)
class Light:
    """One lamp and the room's own light. direction points from face to lamp: x right, y down, z to the camera."""

    direction: Tuple[float, float, float]
    ambient: float
    colour: Tuple[float, float, float]
    crease_depth: float
    brightness: float  # of the skin on the picture, grey levels: cameras expose for the face


def draw_light(rng: np.random.Generator) -> Light:
    """A random lamp, mostly from above."""
    direction = np.array([rng.normal(0, 0.45), -abs(rng.normal(0.42, 0.35)) + 0.05, rng.uniform(0.5, 1.1)])
    warmth = rng.normal(0, 0.07)
    return Light(
        direction=tuple(direction / np.linalg.norm(direction)),
        ambient=rng.uniform(0.3, 0.72),
        colour=(1 + warmth, 1.0, 1 - warmth),
        crease_depth=rng.uniform(0.8, 1.6),
        brightness=rng.uniform(90, 235),
    )


def height_map(geometry: Geometry, grid: CanvasGrid) -> np.ndarray:
    """(size, size) float32 height of the neutral face towards the camera, in half crop sides."""
    g = geometry
    x, y = grid.coordinates()

    def hill(at_x: float, at_y: float, wide: float, tall: float) -> np.ndarray:
        return np.exp(-0.5 * (((np.abs(x) - at_x) / wide) ** 2 + ((y - at_y) / tall) ** 2))

    below = (y + 0.1) / np.where(y > -0.1, g.chin_y + 0.22, -0.1 - g.top_y + 0.1)
    head = 0.62 * np.sqrt(np.clip(1 - (x / (g.face_width + 0.08)) ** 2 - below**2, 0.0, 1))
    along = np.clip((y - g.eye_y + 0.02) / (g.nose_y - g.eye_y), 0, 1)
    ridge = np.exp(-0.5 * (x / (0.052 + 0.032 * along)) ** 2) * along**1.2 * 0.15
    ridge *= 1 / (1 + np.exp((y - g.nose_y - 0.035) / 0.022))
    wings = 0.05 * hill(0.75 * g.nose_width, g.nose_y - 0.015, 0.035, 0.04)
    sockets = 0.075 * hill(g.eye_x - 0.03, g.eye_y, 0.13, 0.075) + 0.04 * hill(0.17, g.eye_y - 0.02, 0.06, 0.08)
    brows = 0.035 * hill(0.26, g.brow_y + 0.01, 0.22, 0.05)
    cheeks = 0.04 * hill(0.42, 0.06, 0.13, 0.12)
    muzzle = 0.05 * hill(0.0, g.mouth_y - 0.02, 0.2, 0.14)
    relief = g.nose_relief * (ridge + wings) - sockets + brows + cheeks + muzzle
    return cv2.GaussianBlur((head + relief).astype(np.float32), (0, 0), 0.02 * grid.px_per_unit)


def bone_shade(height: np.ndarray, light: Light, grid: CanvasGrid) -> np.ndarray:
    """(size, size) float32 brightness, 1 where the face looks straight at the camera."""
    steep_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=grid.px_per_unit / 8)
    steep_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=grid.px_per_unit / 8)
    lx, ly, lz = light.direction
    facing = np.maximum((-steep_x * lx - steep_y * ly + lz) / np.sqrt(1 + steep_x**2 + steep_y**2), 0) / max(lz, 0.45)
    return np.clip(light.ambient + (1 - light.ambient) * facing, 0.12, 1.6)


def emboss_kernel(light: Light) -> np.ndarray:
    """5x5 kernel that turns a small relief into brightness: slopes towards the lamp shine."""
    axis = np.array([-1, -2, 0, 2, 1], np.float32)
    smooth = np.array([1, 2, 3, 2, 1], np.float32)
    along_x, along_y = np.outer(smooth, axis), np.outer(axis, smooth)
    lx, ly, _ = light.direction
    # Relief is read against the lamp, but never from straight ahead: rooms have a ceiling.
    return (-lx * along_x - min(ly, -0.3) * along_y) / 54.0
