"""What gets between camera and face: hands that come and go, masks, things held up."""

from dataclasses import dataclass
from typing import Optional, Tuple

import cv2
import numpy as np

from stf2m_ros.data.generated_faces.canvas import CanvasGrid, fill
from stf2m_ros.data.generated_faces.identity import Identity
from stf2m_ros.data.generated_faces.settings import GeneratorSettings

STAYING_SHARE = {"hand": 0.0, "mask": 0.7, "thing": 0.4}
"""How often it stays before the face for the whole clip."""


@dataclass(frozen=True)
class Occlusion:
    """One thing before the face. Lengths in half crop sides."""

    kind: str  # hand, mask, thing
    start_s: float
    end_s: float
    place: Tuple[float, float]
    angle: float
    size: float
    colour: Tuple[float, float, float]

    def hides_at(self, stamp_s: float) -> bool:
        """Whether anything is hidden at this moment."""
        return self.start_s <= stamp_s < self.end_s


def draw_occlusion(identity: Identity, settings: GeneratorSettings, rng: np.random.Generator) -> Optional[Occlusion]:
    """At most one occlusion for a clip; masks, and some things held up, stay for the whole of it."""
    if rng.random() >= settings.occluded_share:
        return None
    kind = str(rng.choice(["hand", "mask", "thing"], p=[0.5, 0.2, 0.3]))
    start_s = float(rng.uniform(-2, settings.duration_s))
    whole = rng.random() < STAYING_SHARE[kind]
    skin = tuple(float(v) for v in np.clip(np.array(identity.look.skin) * rng.uniform(0.75, 1.05), 0, 255))
    cloth = tuple(float(v) for v in rng.uniform(20, 240, 3))
    return Occlusion(
        kind=kind,
        start_s=0.0 if whole else start_s,
        end_s=settings.duration_s if whole else start_s + float(rng.uniform(1, 6)),
        place=(float(rng.normal(0, 0.4)), float(rng.normal(0.35, 0.3))),
        angle=float(rng.uniform(-0.9, 0.9)),
        size=float(rng.uniform(0.75, 1.9 if whole and kind == "thing" else 1.15)),
        colour=skin if kind == "hand" else cloth,
    )


def paint_occlusion(image: np.ndarray, occlusion: Occlusion, grid: CanvasGrid, stamp_s: float) -> None:
    """Paint over an image (H, W, 3 or 4) in the canvas's coordinates. A hand glides in from below and out again."""
    near = np.clip(min(stamp_s - occlusion.start_s, occlusion.end_s - stamp_s) / 0.5, 0, 1)
    colour = (*occlusion.colour, 255.0)[: image.shape[2]]
    if occlusion.kind == "mask":
        x = np.array([-0.66, -0.3, 0, 0.3, 0.66, 0.5, 0.25, 0, -0.25, -0.5])
        y = np.array([-0.02, -0.06, -0.1, -0.06, -0.02, 0.72, 0.92, 0.98, 0.92, 0.72])
        fill(image, grid.fixed(np.stack([x, y + 0.08], axis=-1) * occlusion.size), colour)
        return
    away = np.array([0.3, 1.6]) * (1 - near)
    if occlusion.kind == "thing":
        half = np.array([0.32, 0.4]) * occlusion.size
        box = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
        fill(image, grid.fixed(_turned(box, occlusion.angle) + occlusion.place + away), colour)
        return
    _paint_hand(image, occlusion, grid, away, colour)


def _paint_hand(image: np.ndarray, occlusion: Occlusion, grid: CanvasGrid, away: np.ndarray, colour: tuple) -> None:
    dark = tuple([0.6 * value for value in occlusion.colour] + [255.0])[: image.shape[2]]
    at = np.array(occlusion.place) + away
    for number, length in enumerate((0.42, 0.52, 0.5, 0.38)):
        start = np.array([(number - 1.5) * 0.15, 0.1])
        tip = start + [(number - 1.5) * 0.05, -length]
        ends = grid.fixed(_turned(np.stack([start, tip]) * occlusion.size, occlusion.angle) + at)
        for shade, width in ((dark, 0.165), (colour, 0.14)):
            thick = max(1, round(width * occlusion.size * grid.px_per_unit))
            cv2.line(image, tuple(map(int, ends[0])), tuple(map(int, ends[1])), shade, thick, cv2.LINE_AA, 4)
    palm = np.array([(-0.33, 0.0), (0.33, 0.0), (0.42, 0.3), (0.3, 1.6), (-0.25, 1.6), (-0.33, 0.4)])
    fill(image, grid.fixed(_turned(palm * occlusion.size, occlusion.angle) + at), colour)


def _turned(points: np.ndarray, angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]])
