"""From image and face box to what the frame encoder sees: one way for training, export, robot and replay."""

import cv2
import numpy as np

from stf2m_ros.stream.face_observation import Box
from stf2m_ros.stream.settings import Preprocessing


def crop_face(image_rgb: np.ndarray, box_xywh: Box, settings: Preprocessing) -> np.ndarray:
    """Cut the square of side box_scale * width around the box's centre; what lies outside repeats the edge pixels.

    image_rgb: (H, W, 3) uint8.  box_xywh: pixels.  Returns (size_px, size_px, 3) uint8 RGB.
    Raises ValueError for an image that is empty or not RGB, or a box without a width.
    """
    check_image(image_rgb)
    x, y, width, height = box_xywh
    if not width > 0:
        raise ValueError(f"expected a face box wider than 0, found {width}")
    # Even, because halving is ten times as fast where it is exact.
    side = 2 * max(1, round(settings.box_scale * width / 2))
    left = round(x + width / 2 - side / 2)
    top = round(y + height / 2 - side / 2)
    return _resized(cut_square(image_rgb, left, top, side), settings.size_px)


def normalise(crops: np.ndarray, settings: Preprocessing) -> np.ndarray:
    """Turn crops (N, size, size, 3) uint8 RGB into (N, 3, size, size) float32: (x / 255 - mean) / std."""
    expected = (settings.size_px, settings.size_px, 3)
    if crops.ndim != 4 or crops.shape[1:] != expected or crops.dtype != np.uint8:
        raise ValueError(f"expected crops (N, {expected}) uint8, found {crops.shape} {crops.dtype}")
    mean = np.asarray(settings.mean, np.float32)
    std = np.asarray(settings.std, np.float32)
    scaled = crops.transpose(0, 3, 1, 2).astype(np.float32, order="C")  # put in order once, not by each step
    scaled *= (1 / (255 * std))[:, None, None]
    scaled -= (mean / std)[:, None, None]
    return scaled


def _resized(square: np.ndarray, size_px: int) -> np.ndarray:
    # Averaging keeps a large face free of aliasing; a small one has nothing to average.
    while square.shape[0] % 2 == 0 and square.shape[0] >= 2 * size_px:
        half = square.shape[0] // 2
        square = cv2.resize(square, (half, half), interpolation=cv2.INTER_AREA)
    if square.shape[0] == size_px:
        return np.ascontiguousarray(square)
    how = cv2.INTER_AREA if square.shape[0] > size_px else cv2.INTER_LINEAR
    return cv2.resize(square, (size_px, size_px), interpolation=how)


def check_image(image_rgb: np.ndarray) -> None:
    """Raise ValueError, saying expected and found, for anything but a filled (H, W, 3) uint8 image."""
    is_rgb = image_rgb.ndim == 3 and image_rgb.shape[2] == 3 and image_rgb.dtype == np.uint8
    if not is_rgb or image_rgb.size == 0:
        raise ValueError(f"expected an RGB image (H, W, 3) uint8, found {image_rgb.shape} {image_rgb.dtype}")


def cut_square(image: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """The square at (left, top), a view where it lies inside the image; outside repeats the edge pixels.

    Raises ValueError if it does not touch the image at all.
    """
    rows, columns = image.shape[:2]
    if left >= 0 and top >= 0 and left + side <= columns and top + side <= rows:
        return image[top : top + side, left : left + side]
    inside = (slice(max(0, top), max(0, min(rows, top + side))), slice(max(0, left), max(0, min(columns, left + side))))
    part = image[inside]
    if part.size == 0:
        raise ValueError(
            f"expected a face box that touches the {columns}x{rows} image, found its corner at {left},{top}"
        )
    before_y, before_x = max(0, -top), max(0, -left)
    after_y, after_x = side - before_y - part.shape[0], side - before_x - part.shape[1]
    return cv2.copyMakeBorder(part, before_y, after_y, before_x, after_x, cv2.BORDER_REPLICATE)
