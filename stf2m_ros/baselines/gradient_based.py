"""MAML, its first-order form and ANIL: weights from which a few gradient steps lead to a task's own.

Sources: Finn et al. 2017 (MAML, and its first-order form), Raghu et al. 2020 (ANIL: the inner loop moves the last layer
alone). The inner rate is fixed, as there; the outer loss is the query set's alone.
"""

from typing import Optional

from stf2m_ros.baselines.adapted import judge_with
from stf2m_ros.baselines.method import Given, Judge
from stf2m_ros.meta.meta_training import (
    InnerSettings,
    MetaLearner,
    MetaTrainingSettings,
    MetaTrainingTask,
    adapted_parameters,
)
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch

MAML = InnerSettings(steps=2, step_size=0.1)
FIRST_ORDER_MAML = InnerSettings(steps=2, step_size=0.1, first_order=True)
ANIL = InnerSettings(steps=3, step_size=0.3, last_layer_only=True)


class GradientBased:
    """One of the three, by its inner loop."""

    def __init__(self, given: Given, inner: InnerSettings) -> None:
        self.module = MetaLearner(given.new_model(), inner)
        self.module.log_step_sizes.requires_grad_(False)
        settings = MetaTrainingSettings(tasks=given.budget.episodes, inner=inner, loss=given.loss)
        self.task = MetaTrainingTask(self.module, given.episodes(), given.counts, settings, given.seed)

    def losses(self, step: int) -> Losses:
        learner = self.module
        support, query = self.task.tasks(step, learner.model.text())
        return {"query": self.task.query_loss(learner.head_params(), learner.step_sizes(), support, query)}

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        if support is None:
            return self.module.model
        return judge_with(self.module.model, adapted_parameters(self.module, self.task, support))
