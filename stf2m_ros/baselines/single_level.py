"""ST-F2M's own network at a single level: whole windows, no inner loop; the rules are its second witness too."""

from typing import Optional

from torch import Tensor

from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.baselines.supervised import Supervised
from stf2m_ros.baselines.weighed_labels import evidence_of, of_classes, weighed_labels
from stf2m_ros.baselines.witness_trust import witness_trust
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.net.stf2m import HeadOutputs


class SingleLevel(Supervised):
    """The same random windows; labels and answers are weighed with the rules."""

    def __init__(self, given: Given) -> None:
        super().__init__(given)
        self.trust = witness_trust(given.windows.cache, self.module.fuzzy)

    def losses(self, step: int) -> Losses:
        batch = self.given.windows.batch(self.given.budget.windows, (self.given.seed, step))
        return self.loss(self._answer(batch), weighed_labels(batch.targets(), self._evidence(batch), self.trust.labels))

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        return self._answer

    def _answer(self, batch: WindowBatch) -> HeadOutputs:
        out = self.module(batch)
        return out._replace(logits=out.logits + of_classes(self._evidence(batch)))

    def _evidence(self, batch: WindowBatch) -> Tensor:
        return evidence_of(batch, self.module.fuzzy, self.trust.rules)
