"""What methods share that compare with a support set instead of adapting to it."""

from typing import NamedTuple, Optional, Protocol, Tuple

import torch
from torch import Tensor

from stf2m_ros.baselines.episodes import EpisodeSampler
from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.meta.losses import SegmentTargets
from stf2m_ros.meta.tasks import Task
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.net.stf2m import HeadOutputs

NEVER = -1e4
"""The logit of a class that the support set does not hold."""
_WITHOUT_SUPPORT = 10
"""Expressions of each emotion, of the training clips, to compare with where no support set is given."""


class Prototypes(NamedTuple):
    """The mean embedding of each class over a support set."""

    centre: Tensor  # (19, E)
    present: Tensor  # (19,) whether the support set holds the class


class Comparison(Protocol):
    """Embeddings (..., E) against prototypes: logits (..., 19)."""

    def __call__(self, embedding: Tensor, prototypes: Prototypes) -> Tensor: ...


def prototypes_of(embedding: Tensor, targets: SegmentTargets) -> Prototypes:
    """A segment that is shared among classes counts for each of them by its share. embedding: (B, S, E)."""
    member = targets.shares * (targets.class_index != UNLABELLED).unsqueeze(-1)
    member = member.flatten(0, -2).to(embedding.dtype)  # (B * S, 19)
    total = member.sum(0)
    return Prototypes(member.T @ embedding.flatten(0, -2) / total.clamp(min=1e-6).unsqueeze(-1), total > 0)


def answerable(targets: SegmentTargets, prototypes: Prototypes) -> SegmentTargets:
    """Without the labels whose class the support set does not hold."""
    index = targets.class_index
    known = (index != UNLABELLED) & prototypes.present[index.clamp(min=0)]
    return targets._replace(
        class_index=torch.where(known, index, torch.full_like(index, UNLABELLED)),
        shares=targets.shares * prototypes.present,
    )


def drawn_episodes(given: Given, sampler: EpisodeSampler, step: int) -> Tuple[Task, ...]:
    return tuple(sampler.task((given.seed, step, index)) for index in range(given.budget.episodes))


def judge_by(model: WindowModel, compare: Comparison, given: Given, support: Optional[WindowBatch]) -> Judge:
    """Without a support set, some of the training clips are one."""
    batch = support if support is not None else given.episodes().support_set(_WITHOUT_SUPPORT, (given.seed,))
    with torch.no_grad():
        prototypes = prototypes_of(model(batch).embedding, batch.targets())

    def judge(windows: WindowBatch) -> HeadOutputs:
        out = model(windows)
        return out._replace(logits=compare(out.embedding, prototypes))

    return judge
