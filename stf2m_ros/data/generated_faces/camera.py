"""From a frontal painting to what a camera delivers: pose, crop, background, and all that spoils a picture."""

from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np

from stf2m_ros.data.generated_faces.canvas import CanvasGrid
from stf2m_ros.data.generated_faces.settings import GeneratorSettings

_TURNING_DEPTH = 0.25
"""Height that stays in place when the head turns, in half crop sides."""


@dataclass(frozen=True)
class Pose:
    """Head pose and place of the detector's box, one row per frame. Angles in radians."""

    yaw: np.ndarray
    pitch: np.ndarray
    roll: np.ndarray
    scale: np.ndarray  # of the face in the crop; 1 is the average of the detector
    shift: np.ndarray  # (T, 2) in half crop sides

    def calmed(self) -> "Pose":
        """Half the turning and no box: for a whole picture, where the head moves and the camera stands."""
        still = np.ones_like(self.scale)
        return Pose(self.yaw / 2, self.pitch / 2, self.roll / 2, still, np.zeros_like(self.shift))


@dataclass(frozen=True)
class Camera:
    """One camera and its settings during a clip."""

    grey: bool
    saturation: float
    channel_gains: Tuple[float, float, float]
    gamma: float
    contrast: float
    brightness: float  # grey levels
    width_px: int  # resolution before it is scaled to the crop
    blur_px: float
    noise: float  # grey levels
    jpeg_quality: int  # 0: not compressed


def draw_camera(settings: GeneratorSettings, rng: np.random.Generator) -> Camera:
    """A random camera; most are poor, as settings.poor_camera_share says."""
    poor = rng.random() < settings.poor_camera_share
    gain = rng.normal(1, 0.08, 3)
    low = rng.random() < 0.45
    return Camera(
        grey=bool(rng.random() < settings.grey_share),
        saturation=rng.uniform(0.2, 1.3),
        channel_gains=tuple(gain / gain.mean()),
        gamma=float(np.exp(rng.normal(0, 0.2 if poor else 0.12))),
        contrast=float(np.exp(rng.normal(0.05, 0.2 if poor else 0.12))),
        brightness=rng.normal(0, 14 if poor else 8),
        width_px=int(rng.choice([40, 48, 48, 56, 64, 80])) if poor and low else settings.size_px,
        blur_px=float(rng.uniform(0.3, 1.3)) if poor and not low else 0.0,
        noise=float(rng.uniform(0, 10)) if poor else float(rng.uniform(0, 3)),
        jpeg_quality=int(rng.integers(25, 90)) if poor and rng.random() < 0.5 else 0,
    )


def turn_and_crop(
    painted: np.ndarray,
    height: np.ndarray,
    grid: CanvasGrid,
    pose: Pose,
    index: int,
    size_px: int,
    half_side: float = 1.0,
) -> np.ndarray:
    """(size_px, size_px, C) of a painted canvas, seen under the pose of one frame; half_side is what the crop shows.

    An approximate 3-D turn: each spot moves sideways by its height times the sine of the angle.
    """
    axis = ((np.arange(size_px, dtype=np.float32) + 0.5) * (2 / size_px) - 1) * half_side
    shift, scale, roll = pose.shift[index], pose.scale[index], pose.roll[index]
    x, y = (axis[None, :] - shift[0]) / scale, (axis[:, None] - shift[1]) / scale
    cos, sin = np.float32(np.cos(roll)), np.float32(np.sin(roll))
    across, down = (cos * x + sin * y).astype(np.float32), (cos * y - sin * x).astype(np.float32)
    to_px, offset = np.float32(grid.px_per_unit), np.float32(grid.reach * grid.px_per_unit - 0.5)
    depth = cv2.remap(height, across * to_px + offset, down * to_px + offset, cv2.INTER_LINEAR, borderValue=0)
    depth -= _TURNING_DEPTH
    yaw, pitch = pose.yaw[index], pose.pitch[index]
    across = (across - np.float32(np.sin(yaw)) * depth) * np.float32(to_px / np.cos(yaw)) + offset
    down = (down - np.float32(np.sin(pitch)) * depth) * np.float32(to_px / np.cos(pitch)) + offset
    return cv2.remap(painted, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def put_before(painted: np.ndarray, background: np.ndarray) -> np.ndarray:
    """RGB of an RGBA painting before a background of the same size."""
    weight = painted[..., 3] * np.float32(1 / 255)
    colour = np.ascontiguousarray(painted[..., :3])
    return cv2.blendLinear(background, colour, 1.0 - weight, weight)


def draw_background(size_px: int, rng: np.random.Generator) -> np.ndarray:
    """(size_px, size_px, 3) uint8: a wall, a gradient, or a room out of focus."""
    base = rng.uniform(10, 245, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(10, 245))
    coarse = np.clip(
        base + rng.normal(0, rng.uniform(2, 60), (int(rng.integers(2, 6)), int(rng.integers(2, 6)), 1)), 0, 255
    )
    coarse = np.clip(coarse + rng.normal(0, 8, coarse.shape[:2] + (3,)), 0, 255)
    image = cv2.resize(
        coarse.astype(np.float32),
        (size_px, size_px),
        interpolation=int(rng.choice([cv2.INTER_CUBIC, cv2.INTER_NEAREST, cv2.INTER_LINEAR])),
    )
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 6))
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


class Development:
    """What one camera does to every frame of a clip; deterministic for a generator."""

    def __init__(self, camera: Camera, size_px: int, rng: np.random.Generator) -> None:
        self._camera, self._size = camera, size_px
        self._table = _tone_table(camera)
        # A few noise pictures, shifted at random: fresh noise for every frame would take longer than painting the face.
        self._noise = rng.normal(0, camera.noise, (2 * size_px, 2 * size_px)).astype(np.int16)
        self._places = rng.integers(0, size_px, (4096, 2))

    def __call__(self, image: np.ndarray, index: int) -> np.ndarray:
        """One frame (size, size, 3) uint8 as the camera would deliver it."""
        camera = self._camera
        if camera.grey or camera.saturation != 1.0:
            grey = cv2.merge([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)] * 3)
            image = grey if camera.grey else cv2.addWeighted(image, camera.saturation, grey, 1 - camera.saturation, 0)
        image = cv2.LUT(image, self._table)
        if camera.blur_px > 0:
            image = cv2.GaussianBlur(image, (0, 0), camera.blur_px)
        if camera.width_px < self._size:
            image = cv2.resize(image, (camera.width_px, camera.width_px), interpolation=cv2.INTER_AREA)
        image = self._with_noise(image, index)
        if camera.jpeg_quality:
            _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg_quality])
            image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        if image.shape[0] != self._size:
            image = cv2.resize(
                image, (self._size, self._size), interpolation=cv2.INTER_CUBIC if index % 2 else cv2.INTER_LINEAR
            )
        return image

    def _with_noise(self, image: np.ndarray, index: int) -> np.ndarray:
        if self._camera.noise < 0.5:
            return image
        top, left = self._places[index % len(self._places)]
        height, width = image.shape[:2]
        noise = self._noise[top : top + height, left : left + width]
        return cv2.add(image, cv2.merge([noise] * 3), dtype=cv2.CV_8U)


def _tone_table(camera: Camera) -> np.ndarray:
    level = np.arange(256) / 255.0
    columns = []
    for gain in (1.0, 1.0, 1.0) if camera.grey else camera.channel_gains:
        tone = np.clip(level * gain, 0, 1) ** camera.gamma
        columns.append(np.clip(((tone - 0.45) * camera.contrast + 0.45) * 255 + camera.brightness, 0, 255))
    return np.stack(columns, axis=-1).astype(np.uint8)[None]
