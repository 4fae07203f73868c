"""What hides a part of a face in training: of any shape, colour and pattern, another one in every picture.

A cover of one colour teaches too little: a network that had met no others took the folds of a surgical mask for lips.
"""

from typing import Tuple

import torch
from torch import Tensor
from torch.nn import functional

from stf2m_ros.meta.batch_draws import Draws

LARGEST_SHARE = 0.65
"""Of the picture that is hidden."""


def covered(faces: Tensor, share: float, draws: Draws) -> Tensor:
    """faces: (N, 3, H, W) in 0 to 1, of which that share gets a cover."""
    chosen = draws.chance(share)[draws.rows.own]
    kind = draws.between(0, 1)
    size = tuple(faces.shape[2:])
    box, below, cells = _box(size, draws), _from_below(size, draws), _cells(size, draws)
    first, second = (kind < 0.3)[:, None, None], (kind < 0.6)[:, None, None]
    hidden = torch.where(first, box, torch.where(second, below, cells)) & chosen[:, None, None]
    return torch.where(hidden[:, None], _stuff(size, draws), faces)


def _box(size: Tuple[int, int], draws: Draws) -> Tensor:
    """(N, H, W): a rectangle, wholly in the picture."""
    side, aspect = draws.between(0.02, LARGEST_SHARE).sqrt(), (0.3 * draws.normal()).exp()
    height, width = ((side * part).clamp(0.05, 1)[:, None] for part in (aspect, 1 / aspect))
    y, x = _places(size, side.device)
    top, left = draws.between(0, 1, 1) * (1 - height), draws.between(0, 1, 1) * (1 - width)
    rows, columns = (y >= top) & (y < top + height), (x >= left) & (x < left + width)
    return rows[:, :, None] & columns[:, None]


def _from_below(size: Tuple[int, int], draws: Draws) -> Tensor:
    """All below an edge that hangs lower at the sides, waves a little and may be tilted: a mask, a blanket, a hand."""
    edge, sag, tilt = 1 - draws.between(0.1, LARGEST_SHARE, 1, 1), draws.between(-0.1, 0.4, 1, 1), draws.normal(1, 1)
    y, x = (part.view(1, *shape) for part, shape in zip(_places(size, edge.device), ((-1, 1), (1, -1))))
    across = 2 * x - 1
    waves = (draws.between(2, 14, 1, 1) * x + draws.between(0, 6.3, 1, 1)).sin() * draws.between(0, 0.03, 1, 1)
    return y > edge + sag * (across**2 - 1 / 3) + 0.05 * tilt * across + waves


def _cells(size: Tuple[int, int], draws: Draws) -> Tensor:
    """Some cells of a grid, as fine for all pictures of the batch: drops, dirt, hair, a fence."""
    cells = draws.whole_number(4, 15)
    hidden = draws.between(0, 1, 1, cells, cells) < draws.between(0.05, LARGEST_SHARE, 1, 1, 1)
    return functional.interpolate(hidden.float(), size=size, mode="nearest")[:, 0] > 0.5


def _stuff(size: Tuple[int, int], draws: Draws) -> Tensor:
    """(N, 3, H, W): a colour, and on it stripes or folds, and blotches."""
    colour = draws.between(0, 1, 3, 1, 1)
    y, x = (part.view(1, *shape) for part, shape in zip(_places(size, colour.device), ((-1, 1), (1, -1))))
    angle, lines = draws.between(0, torch.pi, 1, 1), draws.between(0.5, 3, 1, 1).exp()
    wave = (2 * torch.pi * lines * (y * angle.cos() + x * angle.sin()) + draws.between(0, 6.3, 1, 1)).sin()
    stripes = (8 * (wave - draws.between(-0.95, 0.95, 1, 1))).sigmoid() * _weak_or_strong(draws)
    spots = draws.whole_number(2, 20)
    blotches = functional.interpolate(draws.normal(1, spots, spots), size=size, mode="bilinear", align_corners=False)
    return (colour + stripes[:, None] + blotches * _weak_or_strong(draws)[:, None]).clamp(0, 1)


def _weak_or_strong(draws: Draws) -> Tensor:
    """(N, 1, 1) in -0.5 to 0.5, mostly small."""
    return 4 * draws.between(-0.5, 0.5, 1, 1) ** 3


def _places(size: Tuple[int, int], device: torch.device) -> Tuple[Tensor, Tensor]:
    """Rows and columns, 0 to 1."""
    height, width = size
    return torch.linspace(0, 1, height, device=device), torch.linspace(0, 1, width, device=device)
