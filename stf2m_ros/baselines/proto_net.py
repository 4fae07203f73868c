"""ProtoNet: the nearest mean of a class wins. Source: Snell et al. 2017."""

from dataclasses import replace
from typing import Optional

import torch
from torch import Tensor

from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.baselines.metric_based import NEVER, Prototypes, answerable, drawn_episodes, judge_by, prototypes_of
from stf2m_ros.meta.losses import SegmentLoss
from stf2m_ros.meta.tasks import Task
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch


class ProtoNet:
    """Learns the embedding in which that is so."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.sampler = given.episodes()
        self.module = given.new_model()
        # No smoothing: it would share some of the answer with classes that the support set does not hold.
        self.loss = SegmentLoss(replace(given.loss, label_smoothing=0.0), given.counts)

    def losses(self, step: int) -> Losses:
        found = [self._of_episode(task) for task in drawn_episodes(self.given, self.sampler, step)]
        return {name: torch.stack([losses[name] for losses in found]).mean() for name in found[0]}

    def _of_episode(self, task: Task) -> Losses:
        support, query = self.module(task.support), self.module(task.query)
        prototypes = prototypes_of(support.embedding, task.support.targets())
        targets = answerable(task.query.targets(), prototypes)
        return self.loss(query._replace(logits=minus_squared_distance(query.embedding, prototypes)), targets)

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        return judge_by(self.module, minus_squared_distance, self.given, support)


def minus_squared_distance(embedding: Tensor, prototypes: Prototypes) -> Tensor:
    """(..., E) -> (..., 19)."""
    difference = embedding.unsqueeze(-2) - prototypes.centre
    return torch.where(prototypes.present, -difference.square().sum(-1), NEVER)
