"""The recurrent head as a graph: the same numbers as stf2m_ros.net.recurrent_head, in as few nodes as a step can have.

Unrolled, sixty steps of a GRU are most of the window head's nodes, and on one window the cost of a node is the time to
call it. Written for training, a step took 14 of them and two products; here it takes 10 and one.
"""

import numpy as np
import torch
from torch import Tensor, nn

from stf2m_ros.net.recurrent_head import RecurrentHead


class UnrolledRecurrence(nn.Module):
    """Both directions in one step: x (1, S, F) -> (1, S, 2 * hidden).

    A row of numbers holds [update forwards, update backwards, reset f, reset b, new f, new b], each `hidden` long.
    """

    def __init__(self, head: RecurrentHead) -> None:
        super().__init__()
        hidden = head.hidden
        self.hidden = hidden
        self.read = head.read
        self.recur = nn.Parameter(_both_directions(head.recur.detach()))
        self.recur_bias = nn.Parameter(head.recur_bias.detach().reshape(1, 2 * hidden))

    def forward(self, x: Tensor) -> Tensor:
        hidden, segments = self.hidden, x.shape[1]
        forwards, backwards = self.read(x)[0].split(3 * hidden, dim=-1)
        rows = [each.reshape(segments, 3, hidden) for each in (forwards, backwards.flip(0))]
        gates, news = torch.stack(rows, dim=2).reshape(segments, 6 * hidden).split([4 * hidden, 2 * hidden], dim=-1)
        # What a step adds to its product stands ready as the product's third operand: it costs no node.
        added = torch.cat([gates, self.recur_bias.expand(segments, -1)], dim=-1)
        state = x.new_zeros(1, 2 * hidden)
        states = []
        for step, new in zip(added.split(1), news.split(1)):
            state = self._step(step, new, state)
            states.append(state)
        forwards, backwards = torch.cat(states).split(hidden, dim=-1)
        return torch.cat([forwards, backwards.flip(0)], dim=-1).unsqueeze(0)

    def _step(self, added: Tensor, new_in: Tensor, state: Tensor) -> Tensor:
        gates, recalled = torch.addmm(added, state, self.recur).split([4 * self.hidden, 2 * self.hidden], dim=-1)
        update, reset = torch.sigmoid(gates).split(2 * self.hidden, dim=-1)
        new = torch.tanh(new_in + reset * recalled)
        return new + update * (state - new)


def _both_directions(recur: Tensor) -> Tensor:
    """(2, H, 3H) -> (2H, 6H): one product for both; zeros where a direction would see the other's state."""
    hidden = recur.shape[1]
    both = torch.zeros(2, hidden, 3, 2, hidden)
    for direction in range(2):
        both[direction, :, :, direction] = recur[direction].reshape(hidden, 3, hidden)
    return both.reshape(2 * hidden, 6 * hidden)


def each_direction(both: np.ndarray) -> np.ndarray:
    """The way back: (2H, 6H) -> (2, H, 3H)."""
    hidden = len(both) // 2
    blocks = both.reshape(2, hidden, 3, 2, hidden)
    return np.stack([blocks[direction, :, :, direction].reshape(hidden, 3 * hidden) for direction in range(2)])
