"""The weights that do best on people they are not trained on, whichever step made them. Source: METHOD section 6."""

import logging
from pathlib import Path
from typing import Callable, Optional

import numpy as np
from torch import nn

from stf2m_ros.meta.checkpoint import keep_module, kept_score, load_module
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.training_loop import Losses
from stf2m_ros.meta.window_batches import WindowSampler
from stf2m_ros.meta.window_scores import beginnings, judge, scores
from stf2m_ros.meta.window_training import WindowModel

_LOG = logging.getLogger(__name__)


class BestWeights:
    """Stands before the losses of a run, and looks at the module before every so-many-th step.

    A run that was stopped meets the same weights at the same steps again, and so keeps the same ones. With several
    processes the first looks, and `restore` gives everyone what it kept.
    """

    def __init__(
        self,
        module: nn.Module,
        losses_at: Callable[[int], Losses],
        score: Callable[[], float],
        every: int,
        checkpoint: Path,
        processes: Processes = ALONE,
    ) -> None:
        """checkpoint: of the run; the best weights stand beside it, and are forgotten where the run begins anew."""
        self.module, self.losses_at, self.score, self.every = module, losses_at, score, every
        self.path, self.processes = checkpoint.with_name(f"{checkpoint.stem}_best.safetensors"), processes
        if processes.is_first and not checkpoint.exists():
            self.path.unlink(missing_ok=True)
        self.best: Optional[float] = kept_score(self.path) if processes.is_first else None

    def __call__(self, step: int) -> Losses:
        if step and step % self.every == 0:
            self.look(step)
        return self.losses_at(step)

    def look(self, step: int) -> None:
        """Scores the module as it is after so many steps, and keeps it where it is the best so far."""
        if not self.processes.is_first:
            return
        self.module.eval()
        found = self.score()
        self.module.train()
        _LOG.info("after %d steps: %.4f on people not trained on, best before: %s", step, found, self.best)
        if self.best is None or found > self.best:
            keep_module(self.path, self.module, step, found)
            self.best = found

    def restore(self, steps: int) -> None:
        """After the last of `steps`: one more look, and the module is the best that was seen from here on."""
        self.look(steps)
        if self.processes.is_first:
            load_module(self.path, self.module)
        self.processes.copy_from_first(self.module)
        self.module.eval()


def validation_accuracy(model: WindowModel, sampler: WindowSampler, clips: int) -> float:
    """18-way accuracy on at most so many of the sampler's clips, evenly chosen, with nothing adapted."""
    whole = beginnings(sampler, sampler.grid.span_s)
    chosen = np.unique(np.linspace(0, len(whole) - 1, clips).round().astype(int))
    return scores(judge(model, sampler, [whole[clip] for clip in chosen]))["accuracy_18"]
