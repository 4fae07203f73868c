"""What each method of the comparison is: given the same clips, network, steps and windows, it judges windows."""

from dataclasses import dataclass, field
from typing import Callable, Optional, Protocol

import numpy as np
from torch import nn

from stf2m_ros.baselines.episodes import EpisodeSampler
from stf2m_ros.meta.losses import LossSettings
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings
from stf2m_ros.meta.window_batches import WindowBatch, WindowSampler
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.net.stf2m import HeadOutputs

Judge = Callable[[WindowBatch], HeadOutputs]
"""Windows in, logits of every segment out; `stf2m_ros.meta.window_scores.judge` takes one."""


class Method(Protocol):
    """A way to learn from labelled clips. The optimiser moves `module`; what it minimises is the sum of `losses`."""

    module: nn.Module

    def losses(self, step: int) -> Losses:
        """Of optimiser step number `step`, which alone decides what is drawn."""
        ...

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        """What was learned, adapted to a support set that holds every class, or as it is."""
        ...


@dataclass(frozen=True)
class Budget:
    """What each method may use: optimiser steps, and windows seen in each of them."""

    windows: int = 12
    optimiser: OptimiserSettings = field(default_factory=lambda: OptimiserSettings(steps=200, batch_size=12))

    def __post_init__(self) -> None:
        if self.windows < 12 or self.windows % 12:
            raise ValueError(f"windows a step: expected a multiple of 12 (six emotions, twice), found {self.windows}")

    @property
    def episodes(self) -> int:
        """Of one window for each emotion in the support set and one in the query set."""
        return self.windows // 12


@dataclass(frozen=True)
class Given:
    """What a method is given. new_model: makes the untrained network, always with the same weights for the same seed.

    counts: (19,) slots of each class among the labelled clips.
    """

    new_model: Callable[[], WindowModel]
    windows: WindowSampler
    counts: np.ndarray
    budget: Budget
    seed: int
    loss: LossSettings = field(default_factory=LossSettings)

    def episodes(self) -> EpisodeSampler:
        return EpisodeSampler(self.windows)
