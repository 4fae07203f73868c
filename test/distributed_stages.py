"""Every training stage for a few steps on made-up data, as one process or as one of several that torchrun started.

torchrun --nproc-per-node 2 test/distributed_stages.py FOLDER [endless | failing]
"""

import json
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Dict, Optional

import numpy as np
import torch
from tiny_windows import model, people, sampler
from torch import nn

from stf2m_ros.data.frame_set import FrameSet
from stf2m_ros.meta.meta_training import MetaLearner, MetaTrainingSettings, MetaTrainingTask
from stf2m_ros.meta.pretraining import FrameReadout, PretrainingSettings, PretrainingTask
from stf2m_ros.meta.processes import ALONE, Processes, joined_processes
from stf2m_ros.meta.shared_batch_norm import share_batch_norm
from stf2m_ros.meta.tasks import TaskSampler, TaskSettings
from stf2m_ros.meta.training_loop import OptimiserSettings, run_steps
from stf2m_ros.meta.window_batches import WindowSampling, class_counts
from stf2m_ros.meta.window_training import WindowTrainingSettings, WindowTrainingTask
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.stream.settings import Preprocessing

STEPS = OptimiserSettings(steps=3, batch_size=7, warm_up=0.7)  # 7 cannot be shared evenly
META = MetaTrainingSettings(tasks=3, mixed_windows=3, task=TaskSettings(shots=2, query=2), optimiser=STEPS)


class RecordedCurves:
    """In place of a SummaryWriter."""

    def __init__(self) -> None:
        self.values: Dict[str, float] = {}

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.values[f"{name}@{step}"] = value


def pretraining(processes: Processes) -> "tuple[nn.Module, PretrainingTask]":
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    components = rng.uniform(-1, 1, (30, 12)).astype(np.float32)
    components[::3] = np.nan  # so that the processes know of unlike numbers of components
    faces = rng.integers(0, 255, (30, 64, 64, 3), dtype=np.uint8)
    frames = FrameSet(faces, rng.integers(0, 19, 30), components)
    readout = FrameReadout(FrameEncoder(FrameEncoderConfig(width=8, token_dim=8)), regions=4, token_dim=8)
    if processes.count > 1:
        share_batch_norm(readout)
    settings = PretrainingSettings(optimiser=STEPS, bfloat16=False)
    return readout, PretrainingTask(readout, frames, settings, Preprocessing(), 0, processes)


def windows(processes: Processes) -> "tuple[nn.Module, WindowTrainingTask]":
    cache, trained = people(), model()
    settings = WindowTrainingSettings(optimiser=STEPS, bfloat16=False)
    windows = sampler(cache, WindowSampling())
    return trained, WindowTrainingTask(trained, windows, class_counts(cache), settings, 0, processes)


def meta(processes: Processes) -> "tuple[nn.Module, MetaTrainingTask]":
    cache, learner = people(), MetaLearner(model(), META.inner)
    tasks = TaskSampler(sampler(cache, WindowSampling()), META.task)
    return learner, MetaTrainingTask(learner, tasks, class_counts(cache), META, 0, processes)


STAGES = {"pretraining": pretraining, "windows": windows, "meta": meta, "resumed": windows}


def begin_resumed(folder: Path) -> None:
    """Leaves the checkpoint of one process that was stopped before its last step."""
    module, task = windows(ALONE)

    def stop_at_two(step: int) -> Dict[str, torch.Tensor]:
        if step == 2:
            raise KeyboardInterrupt
        return task(step)

    with suppress(KeyboardInterrupt):
        run_steps(
            "resumed", module, stop_at_two, replace(STEPS, checkpoint_s=0.0), folder / "resumed.safetensors", None
        )


def train_all(folder: Path, processes: Processes) -> None:
    """The first process leaves one checkpoint a stage, and what the curves showed."""
    curves: Optional[RecordedCurves] = RecordedCurves() if processes.is_first else None
    for name, stage in STAGES.items():
        module, task = stage(processes)
        run_steps(name, module, task, STEPS, folder / f"{name}.safetensors", curves, processes)
    if curves is not None:
        (folder / "curves.json").write_text(json.dumps(curves.values))


def train_until_ended(folder: Path, processes: Processes, failing: bool) -> None:
    """Endless steps, of which the first process tells; failing: the second process breaks at the third step."""
    module, task = windows(processes)

    def losses_at(step: int) -> Dict[str, torch.Tensor]:
        if processes.is_first:
            print(f"step {step}", flush=True)
        if failing and step == 2 and not processes.is_first:
            raise OSError("the disk of the second machine is gone")
        return task(step)

    endless = OptimiserSettings(steps=10**9, batch_size=STEPS.batch_size)
    run_steps("endless", module, losses_at, endless, folder / "endless.safetensors", None, processes)


def main() -> None:
    torch.set_num_threads(1)
    folder, how = Path(sys.argv[1]), sys.argv[2:]
    with joined_processes("cpu") as processes:
        if how:
            train_until_ended(folder, processes, failing=how == ["failing"])
        else:
            train_all(folder, processes)


if __name__ == "__main__":
    main()
