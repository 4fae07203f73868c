"""One loop for every stage: steps that depend on their number alone, so that a resumed run ends at the same weights."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import trange

from stf2m_ros.meta.checkpoint import load_checkpoint, save_checkpoint

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


def run_steps(
    name: str,
    module: nn.Module,
    losses_at: Callable[[int], Losses],
    settings: OptimiserSettings,
    checkpoint: Path,
    writer: SummaryWriter,
) -> None:
    """Minimise the sum of the losses. losses_at(step) must draw its batch from the step number alone."""
    optimiser = torch.optim.AdamW(module.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    start = load_checkpoint(checkpoint, module, optimiser)
    saved_at = time.monotonic()
    module.train()
    bar = trange(start, settings.steps, initial=start, total=settings.steps, desc=name, mininterval=1.0)
    try:
        for step in bar:
            losses = _step(module, losses_at, optimiser, settings, step)
            if step % 20 == 0:
                _show(bar, writer, name, losses, step)
            if time.monotonic() - saved_at > settings.checkpoint_s:
                save_checkpoint(checkpoint, module, optimiser, step + 1)
                saved_at = time.monotonic()
    finally:
        bar.close()
    if start < settings.steps:
        save_checkpoint(checkpoint, module, optimiser, settings.steps)
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
) -> Losses:
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(step, settings)
    losses = losses_at(step)
    total = torch.stack(list(losses.values())).sum()
    if not torch.isfinite(total):
        raise FloatingPointError(f"the loss is {float(total.detach())} at step {step}; lower the rate")
    optimiser.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(module.parameters(), settings.clip_norm)
    optimiser.step()
    return losses


def _show(bar: trange, writer: SummaryWriter, name: str, losses: Losses, step: int) -> None:
    values = {key: float(value.detach()) for key, value in losses.items()}
    bar.set_postfix({key: f"{value:.3f}" for key, value in values.items()})
    for key, value in values.items():
        writer.add_scalar(f"{name}/{key}", value, step)
