"""Gated convolution over time: (W1 * x + b1) . sigmoid(W2 * x + b2). Source: paper Eq. 3, as in STGCN."""

from typing import Optional

import torch
from torch import Tensor, nn

from stf2m_ros.net.layer_norm import LayerNorm


class GatedPooling(nn.Module):
    """The slots of each segment become one token: a gated convolution whose kernel and stride are one segment.

    x: (B, T, R, D); presence: (B, T) 1 where x is there; absent: (D,) what stands in for it elsewhere; place: (T, D)
    what lies on every region of a slot.  Returns (B, T / slots_per_segment, R, D).
    Written as matrix products, so that a task dimension can be mapped over it.
    """

    def __init__(self, dim: int, slots_per_segment: int) -> None:
        super().__init__()
        self.slots_per_segment = slots_per_segment
        self.gate = GatedLinear(slots_per_segment * dim, dim)

    def forward(self, x: Tensor, presence: Tensor, absent: Tensor, place: Tensor) -> Tensor:
        seen = presence.unsqueeze(-1)
        segments = self._segments(x * seen.unsqueeze(-1))  # (B, S, k, R, D)
        # What all regions share goes through a product of its own: x is the largest tensor of the head, and to add
        # this to it would go over all of it once more.
        shared = self._segments(absent * (1.0 - seen) + place)  # (B, S, k, D)
        return self.gate(segments.transpose(2, 3).flatten(-2), shared.flatten(-2).unsqueeze(2))

    def _segments(self, x: Tensor) -> Tensor:
        return x.unflatten(1, (-1, self.slots_per_segment))


class GatedTemporalConvolution(nn.Module):
    """Each segment sees its neighbours; the edges of the window are padded with zeros.

    x: (B, S, R, D).  Returns the same shape, with a residual.
    """

    def __init__(self, dim: int, kernel: int = 3) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, found {kernel}")
        self.reach = kernel // 2
        self.norm = LayerNorm(dim)
        self.gate = GatedLinear(kernel * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        segments = x.shape[1]
        padded = nn.functional.pad(self.norm(x), (0, 0, 0, 0, self.reach, self.reach))
        neighbours = [padded[:, shift : shift + segments] for shift in range(2 * self.reach + 1)]
        return x + self.gate(torch.cat(neighbours, dim=-1))


class GatedLinear(nn.Module):
    """(..., inputs) -> (..., outputs): a linear map times a sigmoid gate of the same input.

    shared: is added to x, with fewer rows than it; the map is linear, so it is mapped by itself.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, 2 * outputs)

    def forward(self, x: Tensor, shared: Optional[Tensor] = None) -> Tensor:
        mapped = self.linear(x) if shared is None else x @ self.linear.weight.T + self.linear(shared)
        value, gate = mapped.chunk(2, dim=-1)
        return value * torch.sigmoid(gate)
