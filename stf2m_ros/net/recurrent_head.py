"""The recurrent head: a GRU over the segments, in plain operations.

Plain, because second-order gradients and vmap must go through it, and because TensorRT 8.5 reads it unrolled.
Source: the paper's "meta-recurrent neural network"; reading it as a GRU with meta-learned weights is ours.
"""

import torch
from torch import Tensor, nn


class RecurrentHead(nn.Module):
    """Reads the segments forwards and backwards at once. x: (B, S, F).  Returns (B, S, 2 * hidden).

    Backwards too, because the window ends at the newest segment: older segments may be judged by what followed.
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        scale = hidden**-0.5
        self.hidden = hidden
        self.read = nn.Linear(features, 2 * 3 * hidden)
        self.recur = nn.Parameter(torch.empty(2, hidden, 3 * hidden).uniform_(-scale, scale))
        self.recur_bias = nn.Parameter(torch.zeros(2, 1, hidden))

    def forward(self, x: Tensor) -> Tensor:
        forwards, backwards = self.read(x).chunk(2, dim=-1)  # each (B, S, 3H)
        steps = torch.stack([forwards, backwards.flip(1)]).unbind(2)  # S of (2, B, 3H)
        state = torch.zeros_like(steps[0][..., : self.hidden])
        states = []
        for step in steps:
            state = self._step(step, state)
            states.append(state)
        both = torch.stack(states, dim=2)  # (2, B, S, H)
        return torch.cat([both[0], both[1].flip(1)], dim=-1)

    def _step(self, read: Tensor, state: Tensor) -> Tensor:
        recalled = torch.matmul(state, self.recur)
        update_in, reset_in, new_in = read.chunk(3, dim=-1)
        update_re, reset_re, new_re = recalled.chunk(3, dim=-1)
        update = torch.sigmoid(update_in + update_re)
        reset = torch.sigmoid(reset_in + reset_re)
        new = torch.tanh(new_in + reset * (new_re + self.recur_bias))
        return new + update * (state - new)
