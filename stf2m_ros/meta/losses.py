"""The loss of a batch of windows: cross-entropy per labelled segment, and component states where they are known.

Where they are not known, the frozen read-out of stage 1 says what it saw, and the head is held to that: without either,
the states drift to whatever helps the answer, and the rules that they fire explain nothing.
Written in plain operations with masks, so that it maps over tasks. Source: METHOD section 6.
"""

import math
from dataclasses import dataclass
from typing import Callable, Dict, NamedTuple

import numpy as np
import torch
from torch import Tensor

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.net.stf2m import HeadOutputs
from stf2m_ros.stream.checked_numbers import require_between, require_shares

Total = Callable[[Tensor], Tensor]


def of_this_batch(value: Tensor) -> Tensor:
    """What a loss is divided by where the batch is whole; where others hold parts of it, theirs is added."""
    return value


@dataclass(frozen=True)
class LossSettings:
    """component_weight: of the component loss (lambda). balance: class weights are counts ** -balance.

    distillation_weight: of the distance to the read-out's states where no component is known.
    """

    component_weight: float = 5.0
    distillation_weight: float = 5.0
    label_smoothing: float = 0.05
    balance: float = 0.5

    def __post_init__(self) -> None:
        require_between(self, 0, math.inf, "component_weight", "distillation_weight", "balance")
        require_shares(self, "label_smoothing")


class SegmentTargets(NamedTuple):
    """What is known of the segments of B windows."""

    class_index: Tensor  # (B, S) UNLABELLED where nothing is to be learned
    components: Tensor  # (B, S, 12) NaN where unknown
    read_states: Tensor  # (B, S, 12) components as the frozen read-out saw them, NaN where there was nothing to see
    shares: Tensor  # (B, S, 19) of the classes in the segment; all of it class_index where its label is of one class


class SegmentLoss:
    """class_counts: (19,) how often each class occurs in training. total: see of_this_batch."""

    def __init__(self, settings: LossSettings, class_counts: np.ndarray, total: Total = of_this_batch) -> None:
        weight = torch.from_numpy(np.maximum(class_counts, 1.0) ** -settings.balance).float()
        self.settings, self.total = settings, total
        self.class_weight = weight / weight.mean()

    def __call__(self, out: HeadOutputs, targets: SegmentTargets) -> Dict[str, Tensor]:
        states = out.components.float()
        unlabelled = torch.where(torch.isnan(targets.components), targets.read_states, torch.nan)
        return {
            "classes": self.cross_entropy(out.logits.float(), targets.class_index, targets.shares),
            "components": self.settings.component_weight * masked_square(states, targets.components, self.total),
            "distillation": self.settings.distillation_weight * masked_square(states, unlabelled, self.total),
        }

    def cross_entropy(self, logits: Tensor, class_index: Tensor, shares: Tensor) -> Tensor:
        """Weighted mean over the labelled segments; 0 where there is none.

        logits, shares: (..., 19), class_index: (...). Each class has its weight in a shared label too.
        """
        weighted = shares * self.class_weight.to(logits.device) * (class_index != UNLABELLED).unsqueeze(-1)
        log_probability = torch.log_softmax(logits, dim=-1)
        smoothing, weight = self.settings.label_smoothing, weighted.sum(-1)
        right = (weighted * log_probability).sum(-1)
        loss = -(1 - smoothing) * right - smoothing * weight * log_probability.mean(-1)
        return loss.sum() / (self.total(weight.sum()) + 1e-6)


def masked_square(found: Tensor, expected: Tensor, total: Total = of_this_batch) -> Tensor:
    """Mean squared difference where `expected` is known (not NaN). total: see of_this_batch."""
    known = ~torch.isnan(expected)
    difference = torch.where(known, found - torch.nan_to_num(expected), torch.zeros_like(found))
    return difference.square().sum() / total(known.sum()).clamp(min=1)
