"""What one frame costs the encoder, counted. Needs torch only."""

from typing import List

import torch
from torch import nn

FULL_WIDTH, SIZE_PX = 64, 112


def operations_of(encoder: nn.Module) -> int:
    """Multiplications and additions of one frame's convolutions and products; all the rest is below 1 %."""
    counted: List[int] = []

    def count(module: nn.Module, _: object, out: torch.Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            counted.append(2 * out[0].numel() * module.in_channels * module.kernel_size[0] * module.kernel_size[1])
        elif isinstance(module, nn.Linear):
            counted.append(2 * out[0].numel() * module.in_features)

    hooks = [module.register_forward_hook(count) for module in encoder.modules()]
    encoder(torch.zeros(1, 3, SIZE_PX, SIZE_PX))
    for hook in hooks:
        hook.remove()
    return sum(counted)
