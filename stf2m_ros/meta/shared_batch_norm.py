"""Batch normalisation over the batches of all processes, so that their number does not change what is learned.

torch's SyncBatchNorm computes on GPUs only; this one is tested where there is none.
"""

from typing import Any

import torch
from torch import Tensor, nn

from stf2m_ros.meta.processes import added_up


class SharedBatchNorm(nn.BatchNorm2d):
    """In training, mean and variance are those of the whole batch, of which each process holds a part."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W) of this process."""
        if not self.training:
            return super().forward(x)
        wide = x.float()
        variance, mean = torch.var_mean(wide, (0, 2, 3), correction=0)
        own = torch.stack([mean, variance + mean * mean, torch.ones_like(mean)]) * (x.numel() / x.shape[1])
        sums = _SumOverProcesses.apply(own)
        mean, square, count = sums[0] / sums[2], sums[1] / sums[2], sums[2]
        variance = (square - mean * mean).clamp(min=0)
        self._remember(mean.detach(), (variance * count / (count - 1)).detach())
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        return torch.addcmul(shift[:, None, None], wide, scale[:, None, None]).to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


def share_batch_norm(module: nn.Module) -> None:
    """Make every batch normalisation below a shared one, in place; names and weights stay."""
    for each in module.modules():
        if type(each) is nn.BatchNorm2d:
            each.__class__ = SharedBatchNorm  # the same attributes, another forward: optimisers keep their parameters


class _SumOverProcesses(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of everyone's."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        return added_up(value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _SumOverProcesses.apply(gradient)
