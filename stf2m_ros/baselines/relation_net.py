"""RelationNet: a small network says how like two embeddings are. Source: Sung et al. 2018.

It is given the distance beside the two of them [ours]: in a short training it learns nothing without.
"""

from typing import Optional

import torch
from torch import Tensor, nn

from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.baselines.metric_based import NEVER, Prototypes, answerable, drawn_episodes, judge_by, prototypes_of
from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.meta.losses import SegmentLoss, SegmentTargets
from stf2m_ros.meta.tasks import Task
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch

_HIDDEN = 64


class Relation(nn.Module):
    """Likeness of an embedding to each class's mean, as a logit."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(3 * width, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 1))

    def forward(self, embedding: Tensor, prototypes: Prototypes) -> Tensor:
        """(..., E) -> (..., 19)."""
        one = embedding.unsqueeze(-2).expand(*embedding.shape[:-1], NUM_CLASSES, -1)
        centre = prototypes.centre.expand_as(one)
        pair = torch.cat([one, centre, (one - centre).abs()], dim=-1)
        return torch.where(prototypes.present, self.score(pair).squeeze(-1), NEVER)


class RelationNet:
    """Learns the embedding and the likeness; the loss is the squared error of the likeness, as there."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.sampler = given.episodes()
        self.model = given.new_model()
        self.relation = Relation(self.model.head.last_layer.shape[1] - 1)
        self.module = nn.ModuleList([self.model, self.relation])
        self.loss = SegmentLoss(given.loss, given.counts)

    def losses(self, step: int) -> Losses:
        found = [self._of_episode(task) for task in drawn_episodes(self.given, self.sampler, step)]
        return {name: torch.stack([losses[name] for losses in found]).mean() for name in found[0]}

    def _of_episode(self, task: Task) -> Losses:
        support, query = self.model(task.support), self.model(task.query)
        prototypes = prototypes_of(support.embedding, task.support.targets())
        targets = answerable(task.query.targets(), prototypes)
        likeness = torch.sigmoid(self.relation(query.embedding, prototypes))
        return {**self.loss(query, targets), "classes": self._squared_error(likeness, targets)}

    def _squared_error(self, likeness: Tensor, targets: SegmentTargets) -> Tensor:
        """Summed over the classes, meaned over the labelled segments with the weights of the cross-entropy."""
        error = (likeness - targets.shares).square().sum(-1)
        weight = (self.loss.class_weight * targets.shares).sum(-1) * (targets.class_index != UNLABELLED)
        return (error * weight).sum() / (weight.sum() + 1e-6)

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        return judge_by(self.model, self.relation, self.given, support)
