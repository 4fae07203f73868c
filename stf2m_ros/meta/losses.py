"""The loss of a batch of windows: cross-entropy per labelled segment, and component states where they are known.

Where they are not known, the frozen read-out of stage 1 says what it saw, and the head is held to that: without either,
the states drift to whatever helps the answer, and the rules that they fire explain nothing.
Written in plain operations with masks, so that it maps over tasks. Source: METHOD section 6.
"""

from dataclasses import dataclass
from typing import Callable, Dict, NamedTuple

import numpy as np
import torch
from torch import Tensor

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.net.stf2m import HeadOutputs

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


class SegmentTargets(NamedTuple):
    """What is known of the segments of B windows."""

    class_index: Tensor  # (B, S) UNLABELLED where nothing is to be learned
    components: Tensor  # (B, S, 12) NaN where unknown
    read_states: Tensor  # (B, S, 12) components as the frozen read-out saw them, NaN where there was nothing to see


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
            "classes": self.cross_entropy(out.logits.float(), targets.class_index),
            "components": self.settings.component_weight * masked_square(states, targets.components, self.total),
            "distillation": self.settings.distillation_weight * masked_square(states, unlabelled, self.total),
        }

    def cross_entropy(self, logits: Tensor, class_index: Tensor) -> Tensor:
        """Weighted mean over the labelled segments; 0 where there is none. logits: (..., 19), class_index: (...)."""
        labelled = class_index != UNLABELLED
        expected = class_index.clamp(min=0)
        log_probability = torch.log_softmax(logits, dim=-1)
        smoothing = self.settings.label_smoothing
        right = log_probability.gather(-1, expected.unsqueeze(-1)).squeeze(-1)
        loss = -(1 - smoothing) * right - smoothing * log_probability.mean(-1)
        weight = self.class_weight.to(logits.device)[expected] * labelled
        return (loss * weight).sum() / (self.total(weight.sum()) + 1e-6)


def masked_square(found: Tensor, expected: Tensor, total: Total = of_this_batch) -> Tensor:
    """Mean squared difference where `expected` is known (not NaN). total: see of_this_batch."""
    known = ~torch.isnan(expected)
    difference = torch.where(known, found - torch.nan_to_num(expected), torch.zeros_like(found))
    return difference.square().sum() / total(known.sum()).clamp(min=1)
