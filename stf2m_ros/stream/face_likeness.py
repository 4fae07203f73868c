"""Whether two face boxes show the same person: local binary patterns, no model file needed."""

from collections import deque
from dataclasses import dataclass
from typing import Deque

import cv2
import numpy as np

from stf2m_ros.stream.face_observation import Box
from stf2m_ros.stream.frame_preprocessing import cut_square
from stf2m_ros.stream.shrinking import shrunk

_SIDE_PX = 48
# Of 1, 2, 3, 4 and 6 cells a side, 3 told 60 people apart best once the boxes jitter as a detector's do.
_CELLS = 3
_COLOUR_OF_ONE_PERSON = 0.6
_TYPICAL_SHARE = 0.1
_NEIGHBOURS = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
_INNER_PX = _SIDE_PX - 2
_CELL_OF_ROW = np.arange(_INNER_PX) * _CELLS // _INNER_PX
_FIRST_BIN = ((_CELL_OF_ROW[:, None] * _CELLS + _CELL_OF_ROW[None]) * 256).astype(np.int64)


@dataclass(frozen=True)
class FaceSignature:
    """What stays of a face's look; both histograms sum to 1."""

    texture: np.ndarray  # (2304,) float32, local binary patterns in 3 x 3 cells, unmoved by brightness and contrast
    colour: np.ndarray  # (1024,) float32, chroma of skin and hair, unmoved by brightness


def face_signature(image_rgb: np.ndarray, box: Box) -> FaceSignature:
    """Describe the face in the box. Source: Ahonen et al. 2006, Face description with local binary patterns."""
    side = max(1, round(box[2]))
    square = cut_square(image_rgb, round(box[0]), round(box[1]), side)
    small = shrunk(square, _SIDE_PX, _SIDE_PX)
    return FaceSignature(_texture(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)), _colour(small))


def prepare() -> None:
    """Make OpenCV's tables for the Lab colours: 0.15 s, that the first face of a live camera shall not wait for."""
    cv2.cvtColor(np.zeros((1, 1, 3), np.uint8), cv2.COLOR_RGB2LAB)


def likeness(one: FaceSignature, other: FaceSignature) -> float:
    """0 to 1, about 0.6 to 0.8 for the same person; colour only ever speaks against, for grey images have none."""
    same_texture = float(np.minimum(one.texture, other.texture).sum())
    same_colour = float(np.minimum(one.colour, other.colour).sum())
    return same_texture * min(1.0, same_colour / _COLOUR_OF_ONE_PERSON)


def _texture(grey: np.ndarray) -> np.ndarray:
    inner = grey[1:-1, 1:-1]
    codes = _FIRST_BIN.copy()
    for bit, (row, column) in enumerate(_NEIGHBOURS):
        codes += (grey[row : row + _INNER_PX, column : column + _INNER_PX] >= inner).astype(np.int64) << bit
    counts = np.bincount(codes.ravel(), minlength=_CELLS * _CELLS * 256)
    return (counts / inner.size).astype(np.float32)


def _colour(rgb: np.ndarray) -> np.ndarray:
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    counts = cv2.calcHist([lab], [1, 2], None, [32, 32], [96, 160, 96, 160])
    # Blurred, so that a camera that shifts its white balance a little does not make a stranger of somebody.
    return (cv2.GaussianBlur(counts, (0, 0), 1.5) / max(1.0, float(counts.sum()))).ravel()


class FaceMemory:
    """What the followed person looked like at a few moments."""

    def __init__(self, moments: int = 8, apart_s: float = 1.5) -> None:
        self._signatures: Deque[FaceSignature] = deque(maxlen=moments)
        self._apart_s = apart_s
        self._newest_s = float("-inf")
        self.typical = 0.0
        """How much the person has been like themselves from moment to moment; 0 before the second one."""

    def remember(self, stamp_s: float, signature: FaceSignature) -> None:
        """Keep this moment, unless the last one is too recent to add anything."""
        if self._signatures:
            now = self.likeness(signature)
            self.typical = now if self.typical == 0 else self.typical + _TYPICAL_SHARE * (now - self.typical)
        if not 0 <= stamp_s - self._newest_s < self._apart_s:
            self._signatures.append(signature)
            self._newest_s = stamp_s

    def likeness(self, signature: FaceSignature) -> float:
        """How much the face is like the most similar remembered moment, 0 to 1."""
        return max((likeness(known, signature) for known in self._signatures), default=0.0)
