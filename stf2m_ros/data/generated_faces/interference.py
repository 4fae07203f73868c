"""What spoils the whole view: fog before the camera, or something large or manifold that hides part of the picture.

It stands still in the picture, unlike what `occlusion` paints on the person.
"""

from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np

from stf2m_ros.data.generated_faces.settings import GeneratorSettings

WHOLE_CLIP_SHARE = 0.7
"""How often it stays for the whole clip; else for a stretch of it."""


@dataclass(frozen=True)
class Veil:
    """Other light over a stretch of the clip: light, (size, size, 3) uint8, and its share, (size, size) in [0, 1]."""

    start_s: float
    end_s: float
    share: np.ndarray
    light: np.ndarray

    def over(self, image: np.ndarray, stamp_s: float) -> np.ndarray:
        """The picture (size, size, 3) uint8 with the veil before it, where it is there at that moment."""
        if not self.start_s <= stamp_s < self.end_s:
            return image
        return cv2.blendLinear(self.light, np.ascontiguousarray(image), self.share, 1 - self.share)


def draw_interference(settings: GeneratorSettings, rng: np.random.Generator) -> Tuple[Veil, ...]:
    """Of one clip, the farthest from the camera first."""
    veils = []
    if rng.random() < settings.covered_share:
        share = _COVERS[int(rng.choice(len(_COVERS), p=_COVER_SHARES))](settings.size_px, rng)
        veils.append(Veil(*_stretch(settings, rng), share, _cloth(settings.size_px, rng)))
    if rng.random() < settings.foggy_share:
        white = np.full((settings.size_px, settings.size_px, 3), rng.uniform(190, 255)).astype(np.uint8)
        veils.append(Veil(*_stretch(settings, rng), _fog(settings.size_px, rng), white))
    return tuple(veils)


def _stretch(settings: GeneratorSettings, rng: np.random.Generator) -> Tuple[float, float]:
    if rng.random() < WHOLE_CLIP_SHARE:
        return 0.0, settings.duration_s
    start_s = rng.uniform(0, settings.duration_s)
    return start_s, start_s + rng.uniform(3, 15)


def _block(size_px: int, rng: np.random.Generator) -> np.ndarray:
    """A rectangle of 4 to 55 % of the picture, wholly in it."""
    side, aspect = np.sqrt(rng.uniform(0.04, 0.55)), np.exp(rng.normal(0, 0.2))
    height, width = (np.clip(size_px * side * part, 4, size_px) for part in (aspect, 1 / aspect))
    top, left = rng.uniform(0, size_px - height), rng.uniform(0, size_px - width)
    share = np.zeros((size_px, size_px), np.float32)
    share[round(top) : round(top + height), round(left) : round(left + width)] = 1
    return share


def _from_below(size_px: int, rng: np.random.Generator) -> np.ndarray:
    """All below an edge that hangs lower at the sides: a mask, a blanket, a tray."""
    edge, sag = 1 - rng.uniform(0.15, 0.6), rng.uniform(-0.1, 0.35)
    x, y = np.meshgrid(*[np.linspace(-1, 1, size_px), np.linspace(0, 1, size_px)])
    return (y - sag * x**2 > edge - sag / 3).astype(np.float32)


def _patches(size_px: int, rng: np.random.Generator) -> np.ndarray:
    """A tenth to 60 % of the cells of a grid: drops, dirt, hair, a fence."""
    cells = int(rng.integers(4, 15))
    hidden = (rng.permutation(cells**2) < rng.uniform(0.1, 0.6) * cells**2).reshape(cells, cells)
    return cv2.resize(hidden.astype(np.float32), (size_px, size_px), interpolation=cv2.INTER_NEAREST)


def _cloth(size_px: int, rng: np.random.Generator) -> np.ndarray:
    """A colour, and on it stripes or folds, and blotches, mostly weak: without them a fold is taken for a lip."""
    y, x = np.mgrid[0:size_px, 0:size_px] / size_px
    angle, lines = rng.uniform(0, np.pi), np.exp(rng.uniform(0.5, 3))
    wave = np.sin(2 * np.pi * lines * (y * np.cos(angle) + x * np.sin(angle)) + rng.uniform(0, 2 * np.pi))
    stripes = 1 / (1 + np.exp(-8 * (wave - rng.uniform(-0.95, 0.95))))
    spots = rng.normal(size=(int(rng.integers(2, 20)),) * 2)
    blotches = cv2.resize(spots, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    stripes_depth, blotches_depth = 4 * rng.uniform(-0.5, 0.5, 2) ** 3
    pattern = stripes_depth * stripes + blotches_depth * blotches
    return np.clip(rng.uniform(0, 255, 3) + 255 * pattern[..., None], 0, 255).astype(np.uint8)


def _fog(size_px: int, rng: np.random.Generator) -> np.ndarray:
    """Thicker here, thinner there, 8 to 70 % on average."""
    clouds = np.exp(rng.normal(0, rng.uniform(0, 0.9), (int(rng.integers(2, 7)),) * 2)).astype(np.float32)
    field = cv2.resize(clouds, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    return np.clip(rng.uniform(0.08, 0.7) * field / field.mean(), 0, 0.97).astype(np.float32)


_COVERS = (_block, _from_below, _patches)
_COVER_SHARES = (0.3, 0.4, 0.3)
