"""Plain supervised training: a single level, whole windows, no tasks."""

from typing import Optional

from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.meta.losses import SegmentLoss
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch


class Supervised:
    """Random windows of the labelled clips; it has nothing to adapt with."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.module = given.new_model()
        self.loss = SegmentLoss(given.loss, given.counts)

    def losses(self, step: int) -> Losses:
        batch = self.given.windows.batch(self.given.budget.windows, (self.given.seed, step))
        return self.loss(self.module(batch), batch.targets())

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        return self.module
