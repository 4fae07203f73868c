"""Reptile: towards where a few plain gradient steps on a task lead. Source: Nichol and Schulman 2018."""

from typing import Optional

import numpy as np
import torch

from stf2m_ros.baselines.adapted import judge_with
from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.meta.inner_loop import Params, adapt, taped_gradient
from stf2m_ros.meta.meta_training import (
    InnerSettings,
    MetaLearner,
    MetaTrainingSettings,
    MetaTrainingTask,
    WindowTensors,
    adapted_parameters,
)
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch

INNER = InnerSettings(steps=3, step_size=0.1, first_order=True)


class Reptile:
    """Support and query sets are one set here: Reptile has no use for the parting.

    The way from theta to the task's own weights is given to the optimiser as a gradient; the text table learns from
    the loss at theta, since the inner loop does not move it.
    """

    def __init__(self, given: Given, inner: InnerSettings = INNER) -> None:
        self.inner = inner
        self.module = MetaLearner(given.new_model(), inner)
        self.module.log_step_sizes.requires_grad_(False)
        settings = MetaTrainingSettings(tasks=given.budget.episodes, inner=inner, loss=given.loss)
        self.task = MetaTrainingTask(self.module, given.episodes(), given.counts, settings, given.seed)

    def losses(self, step: int) -> Losses:
        learner, seed = self.module, self.task.seed
        vectors = learner.model.text()
        drawn = [self.task.sampler.task((seed, step, index)) for index in range(self.task.settings.tasks)]
        sets = [learner.tensors(_together(*task), vectors) for task in drawn]
        ways = torch.stack([self._way(windows) for windows in sets]).mean()
        text = torch.stack([self.task.windows_loss(_constant(learner.head_params()), windows) for windows in sets])
        return {"way": ways, "text": text.mean()}

    def _way(self, windows: WindowTensors) -> torch.Tensor:
        """A number whose gradient at theta is theta - theta'."""
        theta = self.module.head_params()
        rates = {name: rate.detach() for name, rate in self.module.step_sizes().items()}
        windows = WindowTensors(windows.inputs._replace(words=windows.inputs.words.detach()), windows.targets)
        start = {name: value.detach().requires_grad_() for name, value in theta.items()}
        end = adapt(
            lambda p: self.task.windows_loss(p, windows), start, rates, self.inner.steps, True, gradient=taped_gradient
        )
        return torch.stack([(theta[name] * (theta[name] - end[name]).detach()).sum() for name in theta]).sum()

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        if support is None:
            return self.module.model
        return judge_with(self.module.model, adapted_parameters(self.module, self.task, support))


def _together(support: WindowBatch, query: WindowBatch) -> WindowBatch:
    return WindowBatch(*(np.concatenate(parts) for parts in zip(support, query)))


def _constant(params: Params) -> Params:
    return {name: value.detach() for name, value in params.items()}
