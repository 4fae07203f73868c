"""The usual augmentation of face crops, a whole batch at once: flip, crop, light, low resolution, occlusion, noise."""

from dataclasses import dataclass
from typing import Tuple

import torch
from torch import Generator, Tensor
from torch.nn import functional

from stf2m_ros.fuzzy.rule_table import MIRROR


@dataclass(frozen=True)
class AugmentationSettings:
    """Shares are of the pictures of a batch; shifts are of the picture's side."""

    flip_share: float = 0.5
    rotation_deg: float = 10.0
    scale: float = 0.12
    shift: float = 0.06
    grey_share: float = 0.35
    contrast: float = 0.35
    brightness: float = 0.25
    coarse_share: float = 0.4
    coarse_px: Tuple[int, int] = (24, 72)
    occluded_share: float = 0.25
    noise: float = 0.04


def augment(
    faces: Tensor, components: Tensor, settings: AugmentationSettings, generator: Generator
) -> Tuple[Tensor, Tensor]:
    """faces: (N, 3, H, W) in 0 to 1; components: (N, 12). Returns both, changed alike."""
    flipped = _chance(len(faces), settings.flip_share, generator)
    faces = _moved(faces, flipped, settings, generator)
    components = torch.where(flipped[:, None], components[:, list(MIRROR)], components)
    faces = _coarsened(faces, settings, generator)
    faces = _relit(faces, settings, generator)
    faces = _occluded(faces, settings, generator)
    noise = torch.randn(faces.shape, generator=generator) * _uniform(
        (len(faces), 1, 1, 1), 0, settings.noise, generator
    )
    return (faces + noise).clamp(0, 1), components


def _moved(faces: Tensor, flipped: Tensor, settings: AugmentationSettings, generator: Generator) -> Tensor:
    count = len(faces)
    angle = torch.deg2rad(_uniform((count,), -settings.rotation_deg, settings.rotation_deg, generator))
    scale = 1 + _uniform((count,), -settings.scale, settings.scale, generator)
    mirror = 1 - 2 * flipped.float()
    rows = torch.stack(
        [scale * angle.cos() * mirror, -scale * angle.sin(), scale * angle.sin() * mirror, scale * angle.cos()], 1
    )
    shift = _uniform((count, 2, 1), -2 * settings.shift, 2 * settings.shift, generator)
    matrix = torch.cat([rows.view(count, 2, 2), shift], dim=2)
    grid = functional.affine_grid(matrix, list(faces.shape), align_corners=False)
    return functional.grid_sample(faces, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _coarsened(faces: Tensor, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """One resolution a batch for the chosen pictures: resizing is a batch operation."""
    chosen = _chance(len(faces), settings.coarse_share, generator)
    if not chosen.any():
        return faces
    side = int(torch.randint(*settings.coarse_px, (1,), generator=generator))
    small = functional.interpolate(faces[chosen], size=(side, side), mode="area")
    faces = faces.clone()
    faces[chosen] = functional.interpolate(small, size=tuple(faces.shape[-2:]), mode="bilinear", align_corners=False)
    return faces


def _relit(faces: Tensor, settings: AugmentationSettings, generator: Generator) -> Tensor:
    count = len(faces)
    grey = _chance(count, settings.grey_share, generator).view(-1, 1, 1, 1)
    faces = torch.where(grey, faces.mean(1, keepdim=True).expand_as(faces), faces)
    gain = 1 + _uniform((count, 1, 1, 1), -settings.contrast, settings.contrast, generator)
    lift = _uniform((count, 1, 1, 1), -settings.brightness, settings.brightness, generator)
    mean = faces.mean((1, 2, 3), keepdim=True)
    return ((faces - mean) * gain + mean + lift).clamp(0, 1)


def _occluded(faces: Tensor, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """A rectangle of one colour over the chosen pictures."""
    count, _, height, width = faces.shape
    chosen = _chance(count, settings.occluded_share, generator)
    centre, half = torch.rand(2, count, 1, generator=generator), _uniform((2, count, 1), 0.05, 0.22, generator)
    y, x = (torch.linspace(0, 1, size)[None] for size in (height, width))
    covered = ((y - centre[0]).abs() < half[0])[:, :, None] & ((x - centre[1]).abs() < half[1])[:, None]
    colour = torch.rand(count, 3, 1, 1, generator=generator)
    return torch.where((covered & chosen[:, None, None])[:, None], colour, faces)


def _chance(count: int, share: float, generator: Generator) -> Tensor:
    return torch.rand(count, generator=generator) < share


def _uniform(shape: Tuple[int, ...], low: float, high: float, generator: Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)
