"""Stage 2 at two levels: weights from which a few steps on a few expressions of one emotion lead to that task's own.

Source: paper Eq. 2 and 7, METHOD section 6. Whole mixed windows stand in every outer batch too, so that the weights
serve as they are, with no adaptation at all, on a robot that has just been switched on.
"""

import math
from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from stf2m_ros.meta.devices import device_of, moved
from stf2m_ros.meta.episodes import EpisodeSettings
from stf2m_ros.meta.inner_loop import Gradient, Params, adapt, taped_gradient
from stf2m_ros.meta.losses import LossSettings, SegmentLoss, SegmentTargets
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.tasks import Tasks, TaskSettings
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings
from stf2m_ros.meta.window_batches import WindowBatch
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.net.stf2m import HeadInputs, HeadOutputs
from stf2m_ros.stream.checked_numbers import ABOVE_ZERO, require_between

LAST_LAYER = "last_layer"


@dataclass(frozen=True)
class InnerSettings:
    """steps of the inner loop; step_size: where the learned rate of each layer begins.

    rate_pace: how many times faster than a weight the logarithm of a rate is learned. At 1 the outer optimiser moves
    it by no more than its own rate a step: in 300 steps at 5e-4 by a twentieth at most, whatever would be better.
    """

    steps: int = 1
    step_size: float = 0.05
    first_order: bool = False
    last_layer_only: bool = False
    rate_pace: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 5:
            raise ValueError(f"inner steps: expected 1 to 5, found {self.steps}")
        require_between(self, ABOVE_ZERO, math.inf, "step_size", "rate_pace")


@dataclass(frozen=True)
class MetaTrainingSettings:
    """tasks and mixed_windows: per outer step. over_tasks: "loop", "vmap" (all at once), or "auto": vmap on a GPU.

    validate_every: steps between two looks at the validation people, whose best weights are kept; 0: the last ones are.
    """

    tasks: int = 4
    mixed_windows: int = 8
    over_tasks: str = "auto"
    validate_every: int = 50
    validation_clips: int = 100
    inner: InnerSettings = field(default_factory=InnerSettings)
    task: TaskSettings = field(default_factory=TaskSettings)
    episodes: EpisodeSettings = field(default_factory=EpisodeSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    optimiser: OptimiserSettings = field(default_factory=lambda: OptimiserSettings(steps=400, batch_size=4, rate=1e-3))

    def __post_init__(self) -> None:
        if self.over_tasks not in ("auto", "loop", "vmap"):
            raise ValueError(f"over_tasks: expected auto, loop or vmap, found {self.over_tasks}")
        if self.validate_every < 0 or self.validation_clips < 1:
            found = f"{self.validate_every} and {self.validation_clips}"
            raise ValueError(f"expected validate_every from 0 and validation_clips from 1, found {found}")


class WindowTensors(NamedTuple):
    """A batch of windows as the head takes it, with what is known of it."""

    inputs: HeadInputs
    targets: SegmentTargets


class MetaLearner(nn.Module):
    """The window model and one learned inner rate per parameter tensor of its head."""

    def __init__(self, model: WindowModel, settings: InnerSettings) -> None:
        super().__init__()
        self.model = model
        adapted = [
            name for name, _ in model.head.named_parameters() if not settings.last_layer_only or name == LAST_LAYER
        ]
        start = torch.log(torch.tensor(settings.step_size))
        self.start, self.pace = float(start), settings.rate_pace
        self.adapted: Tuple[str, ...] = tuple(adapted)
        self.log_step_sizes = nn.Parameter(start.repeat(len(adapted)))

    def step_sizes(self) -> Params:
        return dict(zip(self.adapted, (self.start + self.pace * (self.log_step_sizes - self.start)).exp()))

    def head_params(self) -> Params:
        return dict(self.model.head.named_parameters())

    def tensors(self, batch: WindowBatch, vectors: Tensor) -> WindowTensors:
        """vectors: (V, 300) of the vocabulary. Any leading axes."""
        return WindowTensors(self.model.head_inputs(batch, vectors), moved(batch.targets(), vectors.device))


class MetaTrainingTask:
    """The losses of outer step `step`: adapted weights on the query sets, the weights themselves on whole windows.

    With several processes, of our share of the tasks and of the whole windows; a task is in one process's hands.
    """

    def __init__(
        self,
        learner: MetaLearner,
        sampler: Tasks,
        counts: np.ndarray,
        settings: MetaTrainingSettings,
        seed: int,
        processes: Processes = ALONE,
    ) -> None:
        self.learner, self.sampler, self.settings, self.seed = learner, sampler, settings, seed
        self.loss = SegmentLoss(settings.loss, counts)
        self.shared_loss = SegmentLoss(settings.loss, counts, processes.total)
        self.task_share, self.fraction = processes.share(settings.tasks), processes.fraction(settings.tasks)
        self.window_share = processes.share(settings.mixed_windows)

    def __call__(self, step: int) -> Losses:
        learner, settings = self.learner, self.settings
        vectors = learner.model.text()
        support, query = self.tasks(step, vectors)
        params, step_sizes = learner.head_params(), learner.step_sizes()
        seed = (self.seed, step, settings.tasks)
        mixed = self.sampler.windows.batch(settings.mixed_windows, seed, self.window_share)
        whole = self.windows_loss(params, learner.tensors(mixed, vectors), self.shared_loss)
        return {"query": self.query_loss(params, step_sizes, support, query) * self.fraction, "windows": whole}

    def tasks(self, step: int, vectors: Tensor) -> Tuple[WindowTensors, WindowTensors]:
        """Our support and query sets of step `step`, tasks along the first axis. vectors: (V, 300)."""
        own = range(self.settings.tasks)[self.task_share]
        drawn = [self.sampler.task((self.seed, step, index)) for index in own]
        support, query = (self.learner.tensors(WindowBatch.stacked(parts), vectors) for parts in zip(*drawn))
        return support, query

    def query_loss(self, params: Params, step_sizes: Params, support: WindowTensors, query: WindowTensors) -> Tensor:
        """Mean over the tasks, the first axis of both sets, of the adapted weights' loss."""

        def of_task(support_: WindowTensors, query_: WindowTensors, **how: Gradient) -> Tensor:
            inner = self.settings.inner
            adapted = adapt(
                lambda p: self.windows_loss(p, support_), params, step_sizes, inner.steps, inner.first_order, **how
            )
            return self.windows_loss(adapted, query_)

        if self.all_at_once():
            return vmap(of_task)(support, query).mean()
        tasks = zip(unstacked(support), unstacked(query))
        return torch.stack([of_task(*task, gradient=taped_gradient) for task in tasks]).mean()

    def all_at_once(self) -> bool:
        """Whether all tasks are mapped over at once: on a GPU it is faster, on a CPU it is not."""
        over_tasks = self.settings.over_tasks
        return over_tasks == "vmap" or (over_tasks == "auto" and device_of(self.learner).type == "cuda")

    def windows_loss(self, params: Params, windows: WindowTensors, loss: Optional[SegmentLoss] = None) -> Tensor:
        """The loss of the head with these parameters on a batch of windows. loss: of this batch alone by default."""
        model = self.learner.model
        out = functional_call(model.head, params, (windows.inputs, *model.fuzzy, params[LAST_LAYER]))
        return self.total_loss(out, windows.targets, loss or self.loss)

    def total_loss(self, out: HeadOutputs, targets: SegmentTargets, loss: Optional[SegmentLoss] = None) -> Tensor:
        return torch.stack(list((loss or self.loss)(out, targets).values())).sum()


def unstacked(windows: WindowTensors) -> List[WindowTensors]:
    """One per task."""
    inputs, targets = (
        zip(*(part.unbind(0) for part in windows.inputs)),
        zip(*(part.unbind(0) for part in windows.targets)),
    )
    return [WindowTensors(HeadInputs(*i), SegmentTargets(*t)) for i, t in zip(inputs, targets)]


def adapted_parameters(learner: MetaLearner, loss: MetaTrainingTask, support: WindowBatch) -> Dict[str, Tensor]:
    """The head's parameters after the inner loop on a support set."""
    with torch.no_grad():
        vectors = learner.model.text()
    inner, windows = loss.settings.inner, learner.tensors(support, vectors)
    adapted = adapt(
        lambda p: loss.windows_loss(p, windows), learner.head_params(), learner.step_sizes(), inner.steps, True
    )
    return {name: value.detach() for name, value in adapted.items()}
