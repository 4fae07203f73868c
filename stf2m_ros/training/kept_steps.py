"""The steps of a stage, whose checkpoints and curves are kept in the work folder."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, ContextManager, Optional

from torch import nn
from torch.utils.tensorboard import SummaryWriter

from stf2m_ros.meta.checkpoint import MadeFrom
from stf2m_ros.meta.processes import Processes
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings, run_steps


@dataclass(frozen=True)
class KeptSteps:
    """Steps go on from where the file of that name says that they stopped."""

    work: Path
    processes: Processes

    def run(
        self,
        name: str,
        module: nn.Module,
        task: Callable[[int], Losses],
        settings: OptimiserSettings,
        file: str,
        made_from: MadeFrom,
    ) -> None:
        """name: as the progress bar and the curves call them. file: the checkpoint's, in the work folder.

        Raises ValueError where the checkpoint was made from something else.
        """
        with self._curves() as writer:
            run_steps(name, module, task, settings, self.work / file, writer, self.processes, made_from)

    def _curves(self) -> ContextManager[Optional[SummaryWriter]]:
        return SummaryWriter(str(self.work / "curves")) if self.processes.is_first else nullcontext()
