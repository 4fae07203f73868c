"""The fuzzy rules with nothing learned: what the second witness of ST-F2M would say if nobody gave it a label."""

from typing import Optional

import torch
from torch import nn

from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.baselines.weighed_labels import evidence_of, of_classes
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.net.stf2m import HeadOutputs


class RulesAlone:
    """Its optimiser steps move nothing."""

    def __init__(self, given: Given) -> None:
        self.model = given.new_model()
        self.module: nn.Module = nn.ParameterList([torch.zeros(1)])

    def losses(self, step: int) -> Losses:
        return {"nothing": self.module[0].sum() * 0.0}

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        def judge(batch: WindowBatch) -> HeadOutputs:
            return self.model(batch)._replace(logits=of_classes(evidence_of(batch, self.model.fuzzy)))

        return judge
