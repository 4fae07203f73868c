"""Gated convolution over time: (W1 * x + b1) . sigmoid(W2 * x + b2). Source: paper Eq. 3, as in STGCN."""

import torch
from torch import Tensor, nn

from stf2m_ros.net.layer_norm import LayerNorm


class GatedPooling(nn.Module):
    """The slots of each segment become one token: a gated convolution whose kernel and stride are one segment.

    x: (B, T, R, D).  Returns (B, T / slots_per_segment, R, D).
    Written as one matrix product, so that a task dimension can be mapped over it.
    """

    def __init__(self, dim: int, slots_per_segment: int) -> None:
        super().__init__()
        self.slots_per_segment = slots_per_segment
        self.gate = GatedLinear(slots_per_segment * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        segments = x.unflatten(1, (-1, self.slots_per_segment))  # (B, S, k, R, D)
        return self.gate(segments.transpose(2, 3).flatten(-2))


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
    """(..., inputs) -> (..., outputs): a linear map times a sigmoid gate of the same input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, 2 * outputs)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.linear(x).chunk(2, dim=-1)
        return value * torch.sigmoid(gate)
