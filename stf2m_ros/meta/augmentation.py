"""The usual augmentation of face crops, a whole batch at once: flip, crop, covers, low resolution, light, noise."""

import math
from dataclasses import dataclass
from typing import Optional, Tuple

import torch
from torch import Generator, Tensor
from torch.nn import functional

from stf2m_ros.fuzzy.rule_table import MIRROR
from stf2m_ros.meta.batch_draws import Draws, Rows
from stf2m_ros.meta.covers import covered
from stf2m_ros.stream.checked_numbers import require_between, require_shares


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
    covered_share: float = 0.4
    noise: float = 0.04

    def __post_init__(self) -> None:
        require_shares(self, "flip_share", "grey_share", "coarse_share", "covered_share")
        require_between(self, 0, math.inf, "rotation_deg", "scale", "shift", "contrast", "brightness", "noise")
        if not 1 <= self.coarse_px[0] < self.coarse_px[1]:
            raise ValueError(f"coarse_px: expected two sizes of at least 1, the larger last, found {self.coarse_px}")


def augment(
    faces: Tensor,
    components: Tensor,
    settings: AugmentationSettings,
    generator: Generator,
    rows: Optional[Rows] = None,
) -> Tuple[Tensor, Tensor]:
    """faces: (N, 3, H, W) in 0 to 1; components: (N, 12). Returns both, changed alike.

    generator: on the device of the faces. rows: where the faces are some rows of a larger batch.
    """
    draws = Draws(generator, rows or Rows(len(faces), slice(None)))
    flipped = draws.chance(settings.flip_share)[draws.rows.own]
    faces = _moved(faces, flipped, settings, draws)
    components = torch.where(flipped[:, None], components[:, list(MIRROR)], components)
    faces = covered(faces, settings.covered_share, draws)
    faces = _coarsened(faces, settings, draws)
    faces = _relit(faces, settings, draws)
    noise = draws.normal(*faces.shape[1:]) * draws.between(0, settings.noise, 1, 1, 1)
    return (faces + noise).clamp(0, 1), components


def _moved(faces: Tensor, flipped: Tensor, settings: AugmentationSettings, draws: Draws) -> Tensor:
    count = len(faces)
    angle = torch.deg2rad(draws.between(-settings.rotation_deg, settings.rotation_deg))
    scale = 1 + draws.between(-settings.scale, settings.scale)
    mirror = 1 - 2 * flipped.float()
    rows = torch.stack(
        [scale * angle.cos() * mirror, -scale * angle.sin(), scale * angle.sin() * mirror, scale * angle.cos()], 1
    )
    shift = draws.between(-2 * settings.shift, 2 * settings.shift, 2, 1)
    matrix = torch.cat([rows.view(count, 2, 2), shift], dim=2)
    grid = functional.affine_grid(matrix, list(faces.shape), align_corners=False)
    return functional.grid_sample(faces, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _coarsened(faces: Tensor, settings: AugmentationSettings, draws: Draws) -> Tensor:
    """One resolution a batch for the chosen pictures: resizing is a batch operation."""
    chosen = draws.chance(settings.coarse_share)
    if not chosen.any():
        return faces
    side, chosen = draws.whole_number(*settings.coarse_px), chosen[draws.rows.own]
    if not chosen.any():
        return faces
    small = functional.interpolate(faces[chosen], size=(side, side), mode="area")
    faces = faces.clone()
    faces[chosen] = functional.interpolate(small, size=tuple(faces.shape[-2:]), mode="bilinear", align_corners=False)
    return faces


def _relit(faces: Tensor, settings: AugmentationSettings, draws: Draws) -> Tensor:
    grey = draws.chance(settings.grey_share)[draws.rows.own].view(-1, 1, 1, 1)
    faces = torch.where(grey, faces.mean(1, keepdim=True).expand_as(faces), faces)
    gain = 1 + draws.between(-settings.contrast, settings.contrast, 1, 1, 1)
    lift = draws.between(-settings.brightness, settings.brightness, 1, 1, 1)
    mean = faces.mean((1, 2, 3), keepdim=True)
    return ((faces - mean) * gain + mean + lift).clamp(0, 1)
