"""ST-F2M's training at two levels with tasks of one emotion. Source: the paper's tasks, METHOD sections 4 and 6.

Half of the windows of a step are tasks of one emotion, with foreign ones in the query set; the other half are whole
mixed windows, so that the weights serve as they are. The inner rates are learned.
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
from stf2m_ros.meta.tasks import TaskSampler, TaskSettings
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowBatch

TASK = TaskSettings(shots=2, query=4)


class TwoLevels:
    """Six windows a task, and as many mixed ones."""

    def __init__(self, given: Given, inner: InnerSettings) -> None:
        settings = MetaTrainingSettings(
            tasks=given.budget.windows // 12,
            mixed_windows=given.budget.windows // 2,
            inner=inner,
            task=TASK,
            loss=given.loss,
        )
        self.module = MetaLearner(given.new_model(), inner)
        tasks = TaskSampler(given.windows, TASK)
        self.losses_at = MetaTrainingTask(self.module, tasks, given.counts, settings, given.seed)

    def losses(self, step: int) -> Losses:
        return self.losses_at(step)

    def judge(self, support: Optional[WindowBatch]) -> Judge:
        if support is None:
            return self.module.model
        return judge_with(self.module.model, adapted_parameters(self.module, self.losses_at, support))
