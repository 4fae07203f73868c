"""From face lengths to pixels: the square canvas on which a frontal face is painted."""

from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np

SHIFT = 4
"""Polygons are given in sixteenths of a pixel, so that small movements stay visible at a low resolution."""


@dataclass(frozen=True)
class CanvasGrid:
    """A canvas of size_px, seeing from -reach to reach in half crop sides."""

    size_px: int = 144
    reach: float = 1.3

    @property
    def px_per_unit(self) -> float:
        return self.size_px / (2 * self.reach)

    def fixed(self, points: np.ndarray) -> np.ndarray:
        """int32 coordinates in sixteenths of a pixel for points (..., 2) in half crop sides."""
        pixels = (points + self.reach) * self.px_per_unit - 0.5
        return np.rint(pixels * (1 << SHIFT)).astype(np.int32)

    def row(self, y: float) -> int:
        """Pixel row of a height, within the canvas."""
        return int(np.clip(round((y + self.reach) * self.px_per_unit), 0, self.size_px))

    def coordinates(self) -> Tuple[np.ndarray, np.ndarray]:
        """(size, size) float32 x and y of every pixel centre, in half crop sides."""
        axis = ((np.arange(self.size_px, dtype=np.float32) + 0.5) / self.px_per_unit) - self.reach
        return np.meshgrid(axis, axis)


def fill(image: np.ndarray, fixed_points: np.ndarray, colour: object) -> None:
    """Fill one polygon, edges smoothed."""
    cv2.fillPoly(image, [fixed_points], colour, cv2.LINE_AA, SHIFT)


def stroke(image: np.ndarray, fixed_points: np.ndarray, colour: object, thickness_px: int) -> None:
    """Draw one open curve, edges smoothed."""
    cv2.polylines(image, [fixed_points], False, colour, thickness_px, cv2.LINE_AA, SHIFT)


def blend(under: np.ndarray, over: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """under where weight (H, W) float32 is 0, over where it is 1."""
    return cv2.blendLinear(np.ascontiguousarray(under), np.ascontiguousarray(over), 1.0 - weight, weight)
