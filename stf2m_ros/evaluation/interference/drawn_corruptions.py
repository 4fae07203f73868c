"""How the corruptions are drawn: by albumentations, but for surgical masks and patches, which it has not."""

from functools import lru_cache
from typing import Callable, Dict, Tuple

import albumentations
import cv2
import numpy as np

from stf2m_ros.evaluation.interference.corruptions import Corruption, Moment

_FOG_PX = 112  # the fog is drawn at this size, and stretched
_MASK_RGB = (176, 205, 222)
_PATCHES = 10
"""Patches along a side of the face crop."""


def draw(image_rgb: np.ndarray, moment: Moment, how: Corruption) -> np.ndarray:
    """The picture (H, W, 3) uint8 RGB as the corruption leaves it."""
    return _CHANGES[how.kind](image_rgb, moment, how)


def _fog(image: np.ndarray, moment: Moment, how: Corruption) -> np.ndarray:
    field = _fog_field(how.random_seed(moment.clip))
    opacity = np.clip(field * how.level, 0, 0.98)
    stretched = cv2.resize(opacity, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)[..., None]
    return np.rint(image * (1 - stretched) + 255 * stretched).astype(np.uint8)


@lru_cache(maxsize=4)
def _fog_field(seed: int) -> np.ndarray:
    """(_FOG_PX, _FOG_PX) with a mean of 1. Fog stands still within a clip and only adds white light: once will do.

    Clouds of plasma, as the field's usual fog: they are as dense at the face as elsewhere. The library's own fog is
    densest in the middle of the picture, so that a face crop got twice its level.
    """
    clouds = albumentations.PlasmaBrightnessContrast((0.5, 0.5), (0.0, 0.0), roughness=0.1, p=1)
    field = _applied(clouds, np.zeros((_FOG_PX, _FOG_PX, 3), np.float32), seed)[..., 0]
    field = cv2.GaussianBlur(field, (0, 0), _FOG_PX / 24)
    return field / field.mean()


def _block_mask(image: np.ndarray, moment: Moment, how: Corruption) -> np.ndarray:
    changed, (x, y, side) = image.copy(), _face_square(image, moment)
    crop = changed[y : y + side, x : x + side]
    share = how.level**0.5
    hole = albumentations.CoarseDropout(
        num_holes_range=(1, 1),
        hole_height_range=(share,) * 2,
        hole_width_range=(share,) * 2,
        fill="random_uniform",
        p=1,
    )
    crop[:] = _applied(hole, crop, how.random_seed(moment.clip))
    return changed


def _patch_mask(image: np.ndarray, moment: Moment, how: Corruption) -> np.ndarray:
    changed, (x, y, side) = image.copy(), _face_square(image, moment)
    rng = np.random.default_rng(how.random_seed(moment.clip))
    colour, order = rng.integers(0, 256, 3), rng.permutation(_PATCHES**2)
    hidden = (order < round(how.level * _PATCHES**2)).astype(np.uint8).reshape(_PATCHES, _PATCHES)
    crop = changed[y : y + side, x : x + side]
    crop[cv2.resize(hidden, (crop.shape[1], crop.shape[0]), interpolation=cv2.INTER_NEAREST) > 0] = colour
    return changed


def _face_mask(image: np.ndarray, moment: Moment, how: Corruption) -> np.ndarray:
    changed, (x, y, side) = image.copy(), _face_square(image, moment)
    crop = changed[y : y + side, x : x + side]
    rows, columns = np.indices(crop.shape[:2]) / max(1, side - 1)
    # A mask hangs lower at the cheeks than on the nose; its upper edge moves until it hides the wanted share.
    height = rows - 0.25 * (2 * columns - 1) ** 2 - 0.02 * np.cos(8 * np.pi * columns)
    hidden = height >= np.quantile(height, 1 - how.level)
    folds = 1 - 0.10 * (np.sin(rows * 60) > 0.75)
    light = max(0.25, float(crop.mean()) / 128)
    crop[hidden] = np.clip(np.array(_MASK_RGB) * folds[hidden][:, None] * min(light, 1.15), 0, 255).astype(np.uint8)
    return changed


def _distortion(image: np.ndarray, moment: Moment, how: Corruption) -> np.ndarray:
    if not how.hits(moment):
        return image
    blur_px = max(5, round(image.shape[1] / 10)) | 1
    lens = albumentations.OpticalDistortion(distort_limit=(-0.5, 0.5), border_mode=cv2.BORDER_REPLICATE, p=1)
    motion = albumentations.MotionBlur(blur_limit=(max(3, blur_px // 2 | 1), blur_px), allow_shifted=False, p=1)
    return _applied(albumentations.Sequential([lens, motion], p=1), image, how.random_seed(moment.clip))


def _low_light(image: np.ndarray, moment: Moment, how: Corruption) -> np.ndarray:
    level = how.level
    darker = albumentations.RandomBrightnessContrast(brightness_limit=(0, 0), contrast_limit=(-level, -level), p=1)
    noise = albumentations.ISONoise(color_shift=(0.01, 0.01), intensity=(level / 2, level / 2), p=1)
    return _applied(albumentations.Sequential([darker, noise], p=1), image, how.random_seed(moment.clip, moment.index))


def _applied(transform: albumentations.BasicTransform, image: np.ndarray, seed: int) -> np.ndarray:
    return albumentations.Compose([transform], seed=seed)(image=np.ascontiguousarray(image))["image"]


def _face_square(image: np.ndarray, moment: Moment) -> Tuple[int, int, int]:
    rows, columns = image.shape[:2]
    if moment.face is None:
        side = min(rows, columns)
        return (columns - side) // 2, (rows - side) // 2, side
    x, y, side = (round(part) for part in moment.face)
    x, y = min(max(x, 0), columns - 8), min(max(y, 0), rows - 8)
    return x, y, max(8, min(side, columns - x, rows - y))


_CHANGES: Dict[str, Callable[[np.ndarray, Moment, Corruption], np.ndarray]] = {
    "fog": _fog,
    "block_mask": _block_mask,
    "patch_mask": _patch_mask,
    "face_mask": _face_mask,
    "distortion": _distortion,
    "low_light": _low_light,
}
