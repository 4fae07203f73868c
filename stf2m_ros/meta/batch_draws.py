"""Random numbers for a batch that several processes share: what a picture gets does not depend on who draws it."""

from typing import NamedTuple, Tuple

import torch
from torch import Generator, Tensor


class Rows(NamedTuple):
    """Which rows of a batch of `count` pictures are given; the others are drawn for by other processes."""

    count: int
    own: slice


class Draws(NamedTuple):
    """Random numbers for the whole batch, of which only those of our own rows are kept: sharing changes no picture."""

    generator: Generator
    rows: Rows

    def chance(self, share: float) -> Tensor:
        """Of the whole batch, (count,)."""
        return self._uniform((self.rows.count,)) < share

    def between(self, low: float, high: float, *tail: int) -> Tensor:
        """Of our own rows, (N, *tail)."""
        return (low + (high - low) * self._uniform((self.rows.count, *tail)))[self.rows.own]

    def normal(self, *tail: int) -> Tensor:
        """Of our own rows, (N, *tail)."""
        shape = (self.rows.count, *tail)
        return torch.randn(shape, generator=self.generator, device=self.generator.device)[self.rows.own]

    def whole_number(self, low: int, high: int) -> int:
        """One for the whole batch, below high."""
        return int(torch.randint(low, high, (1,), generator=self.generator, device=self.generator.device))

    def _uniform(self, shape: Tuple[int, ...]) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.generator.device)
