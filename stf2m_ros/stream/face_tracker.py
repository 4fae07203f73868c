"""Follows a face from image to image for a millisecond: its small grey patch is looked for nearby."""

from dataclasses import dataclass

import cv2
import numpy as np

from stf2m_ros.stream.cropper_settings import CropperSettings
from stf2m_ros.stream.face_box import square_around
from stf2m_ros.stream.face_observation import Box
from stf2m_ros.stream.frame_preprocessing import cut_square
from stf2m_ros.stream.shrinking import shrunk

_PATCH_PX = 32
_PATCH_SHARE = 0.8  # of the box: its rim shows more background than face
_REACH_SHARE = 0.4  # of the box: how far a face moves between two images
_PX_PER_BOX = _PATCH_PX / _PATCH_SHARE
_SEARCH_PX = round(_PATCH_PX + 2 * _REACH_SHARE * _PX_PER_BOX)
_SIZES_PX = (_PATCH_PX, _PATCH_PX - 1, _PATCH_PX + 1)
_SIZE_PENALTY = 0.01  # a change of size must be worth it, or noise makes the box breathe
_FLAT = 2.0  # standard deviation of grey values


@dataclass(frozen=True)
class Tracked:
    """Where the patch was found, and how well it correlates there (-1 to 1)."""

    box: Box
    score: float


class FaceTracker:
    """Normalised correlation with the patch as last detected, and if that has changed, as last seen.

    The detected patch comes first because it cannot drift away from the face.
    """

    def __init__(self, trusted_score: float = CropperSettings.trusted_score) -> None:
        """trusted_score: at or above it, the patch as detected decides alone."""
        self._trusted_score = trusted_score
        nothing = np.zeros((_PATCH_PX, _PATCH_PX), np.uint8)
        self._detected, self._last_seen = nothing, nothing
        self._box: Box = (0.0, 0.0, 1.0, 1.0)

    def start(self, image_rgb: np.ndarray, box: Box) -> None:
        """Take up the face that a detector found in this image. Raises ValueError for a box outside of it."""
        self._box = box
        self._detected = self._last_seen = _grey_square(image_rgb, box, _PATCH_PX)

    def follow(self, image_rgb: np.ndarray) -> Tracked:
        """Look for the face in the next image; a low score means that it was lost. Call start() first."""
        try:
            surroundings = _grey_square(image_rgb, self._box, _SEARCH_PX)
        except ValueError:  # the box has left the image
            return Tracked(self._box, -1.0)
        place = _best_place(surroundings, self._detected)
        if place.score < self._trusted_score:
            place = max(place, _best_place(surroundings, self._last_seen), key=lambda found: found.score)
        self._last_seen = _patch_at(surroundings, place)
        self._box = self._box_at(place)
        return Tracked(self._box, place.score)

    def _box_at(self, place: "_Place") -> Box:
        x, y, width, height = self._box
        box_per_px = width / _PX_PER_BOX
        centre_x = x + width / 2 + (place.x_px + place.size_px / 2 - _SEARCH_PX / 2) * box_per_px
        centre_y = y + height / 2 + (place.y_px + place.size_px / 2 - _SEARCH_PX / 2) * box_per_px
        return square_around(centre_x, centre_y, width * place.size_px / _PATCH_PX)


@dataclass(frozen=True)
class _Place:
    """Where in the surroundings a patch fits best: its corner, to a fraction of a pixel, and its size there."""

    score: float
    size_px: int
    x_px: float
    y_px: float


def _grey_square(image_rgb: np.ndarray, box: Box, size_px: int) -> np.ndarray:
    """The square around the box's centre, at the scale where the box is _PX_PER_BOX wide: (size_px, size_px) uint8."""
    x, y, width, height = box
    side = max(1, round(size_px * width / _PX_PER_BOX))
    square = cut_square(image_rgb, round(x + width / 2 - side / 2), round(y + height / 2 - side / 2), side)
    return cv2.cvtColor(shrunk(square, size_px, size_px), cv2.COLOR_RGB2GRAY)


def _best_place(surroundings: np.ndarray, patch: np.ndarray) -> _Place:
    return max((_place(surroundings, patch, size_px) for size_px in _SIZES_PX), key=lambda place: place.score)


def _place(surroundings: np.ndarray, patch: np.ndarray, size_px: int) -> _Place:
    """Where the patch fits best at one size."""
    if patch.std() < _FLAT:  # correlation with a wall is noise
        return _Place(-1.0, size_px, 0.0, 0.0)
    resized = patch if size_px == _PATCH_PX else cv2.resize(patch, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    scores = cv2.matchTemplate(surroundings, resized, cv2.TM_CCOEFF_NORMED)
    _, score, _, (x_px, y_px) = cv2.minMaxLoc(scores)
    penalty = 0.0 if size_px == _PATCH_PX else _SIZE_PENALTY
    return _Place(score - penalty, size_px, x_px + _peak(scores[y_px], x_px), y_px + _peak(scores[:, x_px], y_px))


def _patch_at(surroundings: np.ndarray, place: _Place) -> np.ndarray:
    x_px, y_px = round(place.x_px), round(place.y_px)
    patch = surroundings[y_px : y_px + place.size_px, x_px : x_px + place.size_px]
    return cv2.resize(patch, (_PATCH_PX, _PATCH_PX), interpolation=cv2.INTER_LINEAR)


def _peak(line: np.ndarray, at: int) -> float:
    """Where between the pixels the maximum lies: the vertex of the parabola through it and its neighbours."""
    if not 0 < at < len(line) - 1:
        return 0.0
    before, here, after = (float(value) for value in line[at - 1 : at + 2])
    curvature = before - 2 * here + after
    return 0.0 if curvature >= -1e-9 else max(-0.5, min(0.5, 0.5 * (before - after) / curvature))
