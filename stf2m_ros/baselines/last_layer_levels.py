"""Ours: training at two levels of which the inner one learns a last layer alone, as adaptation on the robot does.

Source: METHOD section 6 ("the variant for the robot adapts the last layer only"). A step takes the windows that a step
of plain training takes, and computes their embeddings once for both levels; each half is the other's support set.
Episodes with as many expressions of each emotion did worse: they leave out an emotion with a single expression, and a
wrong label counts most among the rare emotions, which they draw as often as the others. The loss of the weights as they
are stands beside, or they would serve nobody who has no clips to adapt to.

The inner loop begins at nothing: a task's last layer is learned from its support set alone, under a prior that keeps
it small where expressions are few, so that the outer loop must find embeddings from which a few expressions teach it
(as R2-D2, Bertinetto et al. 2019, does in closed form; here by Eq. 1). Begun at the layer that learns beside, the inner
loop had little left to say. Both layers are judged together, each counting as the expressions it was learned from.

The rules are a second witness beside every label, in the inner loop too (`weighed_labels`), believed as far as the
labels have it (`witness_trust`). The inner rate is learned.
An inner step is measured by the embeddings' own size, so that however long they grow it never overshoots.
"""

from typing import NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.baselines.weighed_labels import evidence_of, of_classes, weighed_labels
from stf2m_ros.baselines.witness_trust import witness_trust
from stf2m_ros.meta.losses import SegmentLoss, SegmentTargets
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.net.stf2m import HeadOutputs

STEPS, STEP_SIZE = 5, 3.0
"""A last layer's loss bends by at most half the mean square of what it reads, so a step of 4 is the longest that cannot
overshoot. Where the rate begins matters: its logarithm moves by the outer rate a step, by 0.3 in 150 steps."""
STEPS_WHEN_JUDGED = 100
"""To the inner loop's end, where more steps change no answer."""
PRIOR_LOGIT = 1.5
"""How large the logits of a task's own layer are before it has seen anything: the deviation of a normal prior."""
ADAPTED_WEIGHT = 0.3
"""Of the adapted layers' loss, beside that of the weights as they are."""


class LastLayerLevels(nn.Module):
    """The window model and its inner rate. As it is, it may be judged without adapting, too."""

    def __init__(self, given: Given) -> None:
        super().__init__()
        self.given = given
        self.model = given.new_model()
        self.log_step_size = nn.Parameter(torch.log(torch.tensor(STEP_SIZE)))
        self.loss = SegmentLoss(given.loss, given.counts)
        self.trust = witness_trust(given.windows.cache, self.model.fuzzy)

    @property
    def module(self) -> nn.Module:
        return self

    def losses(self, step: int) -> Losses:
        """Of the weights as they are on all windows, and of the layer that each half teaches on the other one."""
        windows = self.given.budget.windows
        lesson, out = self._taught(self.given.windows.batch(windows, (self.given.seed, step)))
        first, rest = slice(None, windows // 2), slice(windows // 2, None)
        ways = [
            self._adapted_loss(lesson.part(way), lesson.part(other)) for way, other in ((first, rest), (rest, first))
        ]
        as_it_is = self.loss(out._replace(logits=out.logits + lesson.evidence), lesson.targets)
        return {**as_it_is, "adapted": ADAPTED_WEIGHT * torch.stack(ways).mean()}

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        last_layer = self.model.head.last_layer.detach()
        if support is not None:
            with torch.no_grad():
                lesson = self._lesson(support)
            task_layer = self._task_layer(lesson, STEPS_WHEN_JUDGED).detach()
            last_layer = torch.lerp(last_layer, task_layer, self._share_of(lesson))

        def judge(batch: WindowBatch) -> HeadOutputs:
            inputs = self.model.head_inputs(batch, self.model.text())
            out = self.model.head(inputs, *self.model.fuzzy, last_layer)
            return out._replace(logits=out.logits + of_classes(self._evidence(batch)))

        return judge

    def _share_of(self, lesson: "Lesson") -> float:
        """Of a task's own layer in the answer: each layer counts as the expressions that it was learned from."""
        return len(lesson.embedding) / (len(lesson.embedding) + len(self.given.windows.cache))

    def _lesson(self, batch: WindowBatch) -> "Lesson":
        return self._taught(batch)[0]

    def _taught(self, batch: WindowBatch) -> Tuple["Lesson", HeadOutputs]:
        out, evidence = self.model(batch), self._evidence(batch)
        return Lesson(
            out.embedding, of_classes(evidence), weighed_labels(batch.targets(), evidence, self.trust.labels)
        ), out

    def _evidence(self, batch: WindowBatch) -> Tensor:
        return evidence_of(batch, self.model.fuzzy, self.trust.rules)

    def _adapted_loss(self, support: "Lesson", query: "Lesson") -> Tensor:
        return self._cross_entropy(query, self._task_layer(support, STEPS))

    def _task_layer(self, lesson: "Lesson", steps: int) -> Tensor:
        """(19, E + 1) the last layer that a support set teaches, differentiable.

        The prior's part of a step is implicit, so that it cannot overshoot either.
        """
        last_layer = torch.zeros_like(self.model.head.last_layer).requires_grad_()
        rate = self.log_step_size.exp()
        step_size = rate / (1 + lesson.embedding.detach().square().sum(-1).mean())
        shrunk = 1 + rate / (PRIOR_LOGIT**2 * len(lesson.embedding))
        with torch.enable_grad():
            for _ in range(steps):
                loss = self._cross_entropy(lesson, last_layer)
                gradient = torch.autograd.grad(loss, last_layer, create_graph=True)[0]
                last_layer = (last_layer - step_size * gradient) / shrunk  # Eq. 1
        return last_layer

    def _cross_entropy(self, lesson: "Lesson", last_layer: Tensor) -> Tensor:
        logits = torch.matmul(lesson.embedding, last_layer[:, :-1].T) + last_layer[:, -1] + lesson.evidence
        return self.loss.cross_entropy(logits, lesson.targets.class_index, lesson.targets.shares)


class Lesson(NamedTuple):
    """What the last layer learns from."""

    embedding: Tensor  # (B, S, E)
    evidence: Tensor  # (B, S, 19) of the rules, beside the logits
    targets: SegmentTargets

    def part(self, windows: slice) -> "Lesson":
        targets = SegmentTargets(*(part[windows] for part in self.targets))
        return Lesson(self.embedding[windows], self.evidence[windows], targets)
