"""One loop for every stage: steps that depend on their number alone, so that a resumed run ends at the same weights.

Several processes each take their share of a step's batch; their gradients are added up in one message, so that the
step is the one that a single process would have taken. Not DistributedDataParallel: its hooks sit on the module's own
forward and backward, which functional_call, vmap and second derivatives go around, and it averages where shares of
different size and losses normalised over the whole batch must be added.
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import trange

from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.meta.checkpoint import UNTOLD, MadeFrom, load_checkpoint, save_checkpoint
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.stream.checked_numbers import ABOVE_ZERO, require_between, require_shares

Losses = Dict[str, Tensor]


@dataclass(frozen=True)
class OptimiserSettings:
    """AdamW with a one-cycle schedule. checkpoint_s: at most so many seconds of work are lost by a kill."""

    steps: int = 1000
    batch_size: int = 32
    rate: float = 2e-3
    weight_decay: float = 0.02
    clip_norm: float = 1.0
    warm_up: float = 0.1
    checkpoint_s: float = 30.0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 1:
            raise ValueError(f"steps and batch_size must be at least 1, found {self.steps} and {self.batch_size}")
        require_between(self, ABOVE_ZERO, math.inf, "rate", "clip_norm")
        require_between(self, 0, math.inf, "weight_decay", "checkpoint_s")
        require_shares(self, "warm_up")


def run_steps(
    name: str,
    module: nn.Module,
    losses_at: Callable[[int], Losses],
    settings: OptimiserSettings,
    checkpoint: Path,
    writer: Optional[SummaryWriter],
    processes: Processes = ALONE,
    made_from: MadeFrom = UNTOLD,
) -> None:
    """Minimise the sum of the losses. losses_at(step) must draw its batch from the step number alone.

    With several processes it must take its share of that batch, and the sum of everyone's losses be the batch's.
    writer: of the first process; the others have none. made_from: what the weights depend on; a checkpoint that was
    made from something else is not gone on from, but told by ValueError.
    """
    optimiser = torch.optim.AdamW(module.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    processes.make_from_the_same(fingerprint(dict(made_from)), str(checkpoint))
    start = load_checkpoint(checkpoint, module, optimiser, made_from)
    processes.agree_with_first(start, str(checkpoint))
    processes.copy_from_first(module)
    saved_at = time.monotonic()
    module.train()
    bar = trange(
        start,
        settings.steps,
        initial=start,
        total=settings.steps,
        desc=name,
        mininterval=1.0,
        disable=not processes.is_first,
    )
    try:
        for step in bar:
            losses = _step(module, losses_at, optimiser, settings, step, processes)
            if step % 20 == 0 and writer is not None:
                _show(bar, writer, name, losses, step)
            if processes.is_first and time.monotonic() - saved_at > settings.checkpoint_s:
                save_checkpoint(checkpoint, module, optimiser, step + 1, made_from)
                saved_at = time.monotonic()
    finally:
        bar.close()
    processes.copy_from_first(module)  # unlike machines may round differently; what is made of the weights must not
    if start < settings.steps and processes.is_first:
        save_checkpoint(checkpoint, module, optimiser, settings.steps, made_from)
    module.eval()


def learning_rate(step: int, settings: OptimiserSettings) -> float:
    """Linear warm-up, then a cosine down to nothing: a function of the step alone."""
    progress = step / settings.steps
    if progress < settings.warm_up:
        return settings.rate * (progress / settings.warm_up + 1e-3)
    cosine = torch.cos(torch.tensor(torch.pi * (progress - settings.warm_up) / (1 - settings.warm_up)))
    return settings.rate * float(0.5 + 0.5 * cosine)


def _step(
    module: nn.Module,
    losses_at: Callable[[int], Losses],
    optimiser: torch.optim.Optimizer,
    settings: OptimiserSettings,
    step: int,
    processes: Processes,
) -> Losses:
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(step, settings)
    optimiser.zero_grad(set_to_none=True)
    losses = losses_at(step)
    torch.stack(list(losses.values())).sum().backward()
    losses = of_all_processes(module, losses, processes)
    total = torch.stack(list(losses.values())).sum()
    if not torch.isfinite(total):  # of all processes, so that all of them stop here
        raise FloatingPointError(f"the loss is {float(total)} at step {step}; lower the rate")
    torch.nn.utils.clip_grad_norm_(module.parameters(), settings.clip_norm)
    optimiser.step()
    return losses


def of_all_processes(module: nn.Module, losses: Losses, processes: Processes) -> Losses:
    """The losses of all processes; the gradients in the module become the sums of everyone's."""
    detached = {name: value.detach() for name, value in losses.items()}
    if processes.count == 1:
        return detached
    parameters = list(module.parameters())
    has_gradient = torch.tensor([float(p.grad is not None) for p in parameters], device=processes.device)
    own = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    message = torch.cat([*(g.flatten() for g in own), has_gradient, torch.stack(list(detached.values()))])
    sums = processes.total(message).split([*(p.numel() for p in parameters), len(parameters), len(detached)])
    _set_gradients(parameters, sums[:-2], sums[-2])
    return dict(zip(detached, sums[-1]))


def _set_gradients(parameters: List[nn.Parameter], gradients: Sequence[Tensor], has_gradient: Tensor) -> None:
    """What no process has a gradient for keeps none: the optimiser passes it over, as it does in one process."""
    for parameter, gradient, count in zip(parameters, gradients, has_gradient.tolist()):
        parameter.grad = gradient.view_as(parameter).to(parameter.dtype) if count else None


def _show(bar: trange, writer: SummaryWriter, name: str, losses: Losses, step: int) -> None:
    values = {key: float(value.detach()) for key, value in losses.items()}
    bar.set_postfix({key: f"{value:.3f}" for key, value in values.items()})
    for key, value in values.items():
        writer.add_scalar(f"{name}/{key}", value, step)
