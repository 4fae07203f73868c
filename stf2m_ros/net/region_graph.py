"""Message passing over the regions of the face and the words: ReLU(A Z W) + Z. Source: paper Eq. 4."""

from typing import Tuple

import torch
from torch import Tensor, nn

from stf2m_ros.net.layer_norm import LayerNorm

PARTS = ("grid", "learned", "similarity")


class RegionGraph(nn.Module):
    """One round of message passing; the nodes are the regions of the face and, last, the words.

    z: (B, S, N, D) with N = rows * columns + 1; present: (B, S) 1 where the segment has anything to say.
    Returns (B, S, N, D). The adjacency matrix is the sum of three parts [ours], each of which can be left out:
    neighbours in the grid, a learned part shared by all windows, and the similarity of the window's own regions.
    """

    def __init__(self, rows: int, columns: int, dim: int, parts: Tuple[str, ...] = PARTS) -> None:
        super().__init__()
        self.parts = parts
        self.norm = LayerNorm(dim)
        self.query = nn.Linear(dim, dim, bias=False)
        self.key = nn.Linear(dim, dim, bias=False)
        self.message = nn.Linear(dim, dim)
        self.learned = nn.Parameter(torch.zeros(rows * columns + 1, rows * columns + 1))
        self.register_buffer("grid", grid_adjacency(rows, columns), persistent=False)

    def adjacency(self, z: Tensor, present: Tensor) -> Tensor:
        """Row-normalised adjacency matrix of each window, (B, N, N)."""
        total = torch.zeros_like(self.grid).expand(z.shape[0], -1, -1)
        if "grid" in self.parts:
            total = total + self.grid
        if "learned" in self.parts:
            total = total + torch.nn.functional.softplus(self.learned)
        if "similarity" in self.parts:
            total = total + self._similarity(z, present)
        return total / (total.sum(-1, keepdim=True) + 1e-6)

    def forward(self, z: Tensor, present: Tensor) -> Tensor:
        normed = self.norm(z)
        adjacency = self.adjacency(normed, present)
        return z + torch.relu(self.message(torch.matmul(adjacency.unsqueeze(1), normed)))

    def _similarity(self, z: Tensor, present: Tensor) -> Tensor:
        weight = present[:, :, None, None]
        mean = (z * weight).sum(1) / (weight.sum(1) + 1e-6)  # (B, N, D)
        scores = torch.matmul(self.query(mean), self.key(mean).transpose(1, 2)) / z.shape[-1] ** 0.5
        return torch.softmax(scores, dim=-1)


def grid_adjacency(rows: int, columns: int) -> Tensor:
    """(N, N): itself and the neighbours of each cell; the words, last, neighbour every cell."""
    cells = rows * columns
    row, column = torch.arange(cells) // columns, torch.arange(cells) % columns
    steps = (row[:, None] - row[None]).abs() + (column[:, None] - column[None]).abs()
    adjacency = torch.ones(cells + 1, cells + 1)
    adjacency[:cells, :cells] = (steps <= 1).float()
    return adjacency / adjacency.sum(-1, keepdim=True)
