"""What of a head does not move with the face: hair, neck, ears, skin texture, beard, glasses."""

from dataclasses import dataclass
from typing import Optional, Tuple

import cv2
import numpy as np

from stf2m_ros.data.generated_faces.canvas import CanvasGrid, blend, fill, stroke
from stf2m_ros.data.generated_faces.identity import Identity, Look


class Layer:
    """Something to lay over a canvas: colour (size, size, 3) uint8 and weight (size, size) float32."""

    def __init__(self, colour: np.ndarray, weight: np.ndarray) -> None:
        rows = np.flatnonzero(weight.max(axis=1) > 0.004)
        # Only the rows that hold something are blended, for speed.
        self._rows = slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0)
        self._colour, self._weight = colour[self._rows].copy(), weight[self._rows].copy()

    def lay_over(self, canvas: np.ndarray, within: Optional[np.ndarray] = None) -> None:
        """Blend into a canvas, only where the 8-bit mask within is set."""
        if self._rows.stop <= self._rows.start:
            return
        weight = self._weight if within is None else self._weight * (within[self._rows] > 127)
        canvas[self._rows] = blend(canvas[self._rows], self._colour, weight)


@dataclass(frozen=True)
class HeadLayers:
    """Painted once per person."""

    behind: np.ndarray  # (size, size, 3) uint8: neck, clothes, ears, hair behind the face
    cover: np.ndarray  # (size, size) uint8: where behind hides the background
    texture: np.ndarray  # (size, size) float32 around 1
    ink_colour: np.ndarray  # (size, size, 3) uint8: brows and lashes above, nostrils and lip line below
    beard: Optional[Layer]
    in_front: Tuple[Layer, ...]  # fringe, glasses


def paint_head(identity: Identity, grid: CanvasGrid) -> HeadLayers:
    """All layers that stay as they are through a clip."""
    rng = np.random.default_rng(identity.look.texture_seed)
    behind, cover = _behind(identity, grid, rng)
    look = identity.look
    ink = np.empty((grid.size_px, grid.size_px, 3), np.uint8)
    ink[:] = look.brow
    ink[grid.row(identity.geometry.eye_y + 0.15) :] = [0.25 * value for value in look.skin]
    fronts = [layer for layer in (_hair_in_front(identity, grid, rng), _glasses(identity, grid)) if layer is not None]
    return HeadLayers(behind, cover, _texture(grid, look, rng), ink, _beard(identity, grid, rng), tuple(fronts))


def _behind(identity: Identity, grid: CanvasGrid, rng: np.random.Generator) -> Tuple[np.ndarray, np.ndarray]:
    g, look = identity.geometry, identity.look
    size = grid.size_px
    image, cover = np.zeros((size, size, 3), np.uint8), np.zeros((size, size), np.uint8)

    def both(points: np.ndarray, colour: object) -> None:
        fixed = grid.fixed(points)
        fill(image, fixed, colour)
        fill(cover, fixed, 255)

    if look.hair_style in ("long", "fringe") or (look.hair_style == "short" and look.hair_volume > 0.18):
        reach_y = 1.4 if look.hair_style != "short" else 0.25
        both(_hair_shape(g.face_width + look.hair_volume, g.top_y - 0.12, reach_y), look.hair)
    neck = g.face_width * g.jaw_width * 0.85
    shaded = tuple(0.62 * value for value in look.skin)
    both(np.array([(-neck, 0.4), (neck, 0.4), (neck * 1.05, 1.4), (-neck * 1.05, 1.4)]), shaded)
    collar_y = rng.uniform(1.0, 1.25)
    cloth = tuple(float(v) for v in rng.uniform(10, 230, 3))
    half = [(0.0, collar_y), (0.5, collar_y + 0.03), (1.05, collar_y + 0.13), (1.2, 1.4)]
    both(np.array(half + [(-x, y) for x, y in reversed(half)]), cloth)
    if look.hair_style in ("short", "bald"):
        for sign in (-1, 1):
            both(_ellipse(sign * (g.face_width + 0.01), -0.08, 0.07, 0.16), tuple(0.85 * v for v in look.skin))
    if look.hair_style == "short":
        both(_hair_shape(g.face_width + 0.4 * look.hair_volume, g.top_y - 0.1, -0.35), look.hair)
    return image, cover


def _hair_in_front(identity: Identity, grid: CanvasGrid, rng: np.random.Generator) -> Optional[Layer]:
    g, look = identity.geometry, identity.look
    if look.hair_style == "bald":
        return None
    weight = np.zeros((grid.size_px, grid.size_px), np.uint8)
    parting = rng.uniform(-0.4, 0.4)
    x = np.linspace(-1, 1, 21)
    width = g.face_width + 0.4 * look.hair_volume
    rise = rng.uniform(0.1, 0.7)
    lower = look.hairline_y + rise * np.abs(x - parting) ** 2 + rng.normal(0, 0.012, 21)
    if look.hair_style == "fringe":
        lower = np.maximum(lower, rng.uniform(-0.62, -0.46) + rng.normal(0, 0.025, 21))
    front = np.stack([width * x, np.clip(lower, -1.2, -0.3)], axis=-1)
    fill(weight, grid.fixed(np.concatenate([front, [[width, -1.35], [-width, -1.35]]])), 255)
    if look.hair_style == "long" and rng.random() < 0.7:
        for sign in (-1, 1):
            inner = g.face_width - rng.uniform(0.02, 0.14)
            outer = g.face_width + look.hair_volume
            side = [
                (outer, -0.9),
                (inner - 0.1, -0.75),
                (inner, -0.4),
                (inner + 0.03, 0.2),
                (inner - 0.02, 0.8),
                (inner, 1.35),
                (outer, 1.35),
            ]
            fill(weight, grid.fixed(np.array(side) * [sign, 1]), 255)
    soft = cv2.GaussianBlur(weight, (0, 0), 0.012 * grid.px_per_unit).astype(np.float32) / 255
    streaks = cv2.resize(rng.normal(1, 0.16, (6, grid.size_px // 3)).astype(np.float32), (grid.size_px, grid.size_px))
    colour = np.clip(np.array(look.hair) * streaks[..., None], 0, 255).astype(np.uint8)
    return Layer(colour, soft)


def _texture(grid: CanvasGrid, look: Look, rng: np.random.Generator) -> np.ndarray:
    size = grid.size_px
    fine = cv2.GaussianBlur(rng.normal(0, 1, (size, size)).astype(np.float32), (0, 0), 0.012 * grid.px_per_unit)
    coarse = cv2.resize(rng.normal(0, 1, (9, 9)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    x, y = grid.coordinates()
    shine = np.exp(-0.5 * ((x / 0.25) ** 2 + ((y + 0.62) / 0.14) ** 2)) + np.exp(
        -0.5 * ((x / 0.03) ** 2 + ((y - 0.05) / 0.09) ** 2)
    )
    return (1 + 0.05 * fine + 0.03 * coarse + 0.13 * look.oiliness * shine).astype(np.float32)


def _beard(identity: Identity, grid: CanvasGrid, rng: np.random.Generator) -> Optional[Layer]:
    g, look = identity.geometry, identity.look
    if look.beard == "none":
        return None
    x, y = grid.coordinates()
    moustache = np.exp(-0.5 * ((x / 0.17) ** 4 + ((y - (g.mouth_y - 0.1)) / 0.05) ** 4))
    jaw = 1 / (1 + np.exp(-(y - g.mouth_y + 0.18 - 0.55 * np.abs(x)) / 0.05))
    jaw = jaw * (1 - np.exp(-0.5 * ((x / 0.25) ** 4 + ((y - g.mouth_y - 0.02) / 0.1) ** 4)))
    area = moustache if look.beard == "moustache" else np.maximum(moustache, jaw)
    density = look.beard_density * (0.45 if look.beard == "stubble" else 1.0)
    grain = cv2.GaussianBlur(rng.normal(1, 0.5, x.shape).astype(np.float32), (0, 0), 0.012 * grid.px_per_unit)
    colour = np.empty((*x.shape, 3), np.uint8)
    colour[:] = np.minimum(np.array(look.hair) * 1.1, np.array(look.skin) * 0.6)
    return Layer(colour, np.clip(area * density * grain, 0, 0.95).astype(np.float32))


def _glasses(identity: Identity, grid: CanvasGrid) -> Optional[Layer]:
    g, look = identity.geometry, identity.look
    if look.glasses == "none":
        return None
    rim = np.zeros((grid.size_px, grid.size_px), np.uint8)
    width_px = max(1, round((0.05 if look.glasses == "thick" else 0.02) * grid.px_per_unit))
    for sign in (-1, 1):
        lens = grid.fixed(_ellipse(sign * g.eye_x, g.eye_y + 0.03, 0.21, 0.16, power=0.7))
        if look.glasses == "dark":
            fill(rim, lens, 225)
        stroke(rim, np.concatenate([lens, lens[:1]]), 230, width_px)
        stroke(
            rim,
            grid.fixed(np.array([(sign * (g.eye_x + 0.21), g.eye_y), (sign * 0.75, g.eye_y - 0.04)])),
            200,
            width_px,
        )
    bridge = [(-(g.eye_x - 0.21), g.eye_y), (0, g.eye_y - 0.03), (g.eye_x - 0.21, g.eye_y)]
    stroke(rim, grid.fixed(np.array(bridge)), 230, width_px)
    colour = np.empty((grid.size_px, grid.size_px, 3), np.uint8)
    colour[:] = (30, 26, 26) if look.texture_seed % 3 else (120, 96, 60)
    return Layer(colour, rim.astype(np.float32) / 255)


def _hair_shape(width: float, top_y: float, bottom_y: float) -> np.ndarray:
    angle = np.linspace(-np.pi / 2, np.pi / 2, 17)
    arc = np.stack([width * np.sin(angle), -0.35 + (top_y + 0.35) * np.cos(angle)], axis=-1)
    return np.concatenate([arc, [(width * 0.98, bottom_y), (-width * 0.98, bottom_y)]])


def _ellipse(x: float, y: float, wide: float, tall: float, power: float = 1.0) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    across, down = np.cos(angle), np.sin(angle)
    across, down = np.sign(across) * np.abs(across) ** power, np.sign(down) * np.abs(down) ** power
    return np.stack([x + wide * across, y + tall * down], axis=-1)
