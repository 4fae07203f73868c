"""Ours: training at two levels of which the inner one moves the last layer alone, as adaptation on the robot does.

Source: METHOD section 6 ("the variant for the robot adapts the last layer only"). The support set holds every emotion:
it is a clip's labels that are few, not the emotions. Embeddings are computed once for both levels, so that a step costs
what a step of plain training costs; each half of an episode is the other's support set. The inner rate is learned. The
loss of the weights as they are stands beside, or they would serve nobody who has no clips to adapt to.
"""

from typing import Optional

import numpy as np
import torch
from torch import Tensor, nn

from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.meta.losses import SegmentLoss, SegmentTargets
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.net.stf2m import HeadOutputs

STEPS, STEP_SIZE = 5, 1.0
STEPS_WHEN_JUDGED = 10
"""More than in training: the clips to adapt to are then more than those of an episode."""


class LastLayerLevels(nn.Module):
    """The window model and its inner rate. As it is, it may be judged without adapting, too."""

    def __init__(self, given: Given) -> None:
        super().__init__()
        self.given = given
        self.model = given.new_model()
        self.log_step_size = nn.Parameter(torch.log(torch.tensor(STEP_SIZE)))
        self.loss = SegmentLoss(given.loss, given.counts)
        self.sampler = given.episodes()

    @property
    def module(self) -> nn.Module:
        return self

    def losses(self, step: int) -> Losses:
        """Of the weights as they are on both sets, and of the layer adapted to each set on the other one."""
        found = [self._of_episode(step, index) for index in range(self.given.budget.episodes)]
        return {name: torch.stack([losses[name] for losses in found]).mean() for name in found[0]}

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        if support is None:
            return self.model
        with torch.no_grad():
            embedding = self.model(support).embedding
        last_layer = self._adapted(embedding, support.targets(), STEPS_WHEN_JUDGED).detach()

        def judge(batch: WindowBatch) -> HeadOutputs:
            inputs = self.model.head_inputs(batch, self.model.text())
            return self.model.head(inputs, *self.model.fuzzy, last_layer)

        return judge

    def _of_episode(self, step: int, index: int) -> Losses:
        support, query = self.sampler.task((self.given.seed, step, index))
        both = WindowBatch(*(np.concatenate(parts) for parts in zip(support, query)))
        out, targets = self.model(both), both.targets()
        first, rest = slice(None, len(support.tokens)), slice(len(support.tokens), None)
        ways = [self._adapted_loss(out.embedding, targets, *way) for way in ((first, rest), (rest, first))]
        return {**self.loss(out, targets), "adapted": torch.stack(ways).mean()}

    def _adapted_loss(self, embedding: Tensor, targets: SegmentTargets, support: slice, query: slice) -> Tensor:
        last_layer = self._adapted(embedding[support], _part(targets, support), STEPS)
        return self._cross_entropy(embedding[query], last_layer, _part(targets, query))

    def _adapted(self, embedding: Tensor, targets: SegmentTargets, steps: int) -> Tensor:
        """The last layer after the inner loop on a support set, differentiable. embedding: (B, S, E)."""
        last_layer = self.model.head.last_layer
        with torch.enable_grad():
            for _ in range(steps):
                loss = self._cross_entropy(embedding, last_layer, targets)
                gradient = torch.autograd.grad(loss, last_layer, create_graph=True)[0]
                last_layer = last_layer - self.log_step_size.exp() * gradient  # Eq. 1
        return last_layer

    def _cross_entropy(self, embedding: Tensor, last_layer: Tensor, targets: SegmentTargets) -> Tensor:
        logits = torch.matmul(embedding, last_layer[:, :-1].T) + last_layer[:, -1]
        return self.loss.cross_entropy(logits, targets.class_index, targets.shares)


def _part(targets: SegmentTargets, windows: slice) -> SegmentTargets:
    return SegmentTargets(*(part[windows] for part in targets))
