"""Second-order outer steps per second: ours beside `higher` and `torchopt`, on the same tasks and network, in turn.

    pip install higher==0.2.1 torchopt==0.7.3
    python bench/meta_steps.py [--rounds 5] [--threads 2]

Every library does the same: adapt a copy of the window head on the support set of each task by one gradient step, and
differentiate the query loss through it. What is not installed is left out of the table.
"""

import argparse
import importlib.util
import statistics
import time
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import numpy as np
import torch
from torch import Tensor

from stf2m_ros.data.slots import SlotTrack
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.meta.meta_training import (
    InnerSettings,
    MetaLearner,
    MetaTrainingSettings,
    MetaTrainingTask,
    WindowTensors,
    unstacked,
)
from stf2m_ros.meta.tasks import TaskSampler, TaskSettings
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_batches import WindowSampler, WindowSampling, class_counts
from stf2m_ros.meta.window_training import FuzzyInputs, WindowModel
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.training.config import TrainingConfig

ROOT = Path(__file__).parents[1]
RATE = 0.05
Step = Callable[[WindowTensors, WindowTensors], Tensor]


def random_people(clips: int, config: TrainingConfig) -> TokenCache:
    """Clips of random tokens, each with one expression of one emotion: speed does not depend on what they show."""
    rng = np.random.default_rng(0)
    slots, regions = config.grid.slots, config.head.rows * config.head.columns
    tracks = []
    for clip in range(clips):
        classes = np.full(slots, NEUTRAL_INDEX)
        classes[100:150] = 3 * (clip % 6) + 1
        tracks.append(SlotTrack(str(clip), np.arange(slots), classes, np.zeros((slots, 12), np.float32), ()))
    tokens = rng.normal(size=(clips * slots, regions, config.head.token_dim)).astype(np.float16)
    return TokenCache(tokens, tuple(tracks), tuple(range(0, clips * slots, slots)))


def training_task(over_tasks: str, tasks: int) -> MetaTrainingTask:
    """The real network at its real size, with 2 support and 2 query windows a task."""
    config = TrainingConfig()
    torch.manual_seed(0)
    rules = RuleTensors.from_table(load_rule_base(ROOT / "config/rules/facs.yaml").table())
    model = WindowModel(config.head, config.text, ["well"], FuzzyInputs(rules, torch.tensor([0.4, 0.4])))
    cache = random_people(36, config)
    settings = MetaTrainingSettings(
        tasks=tasks, over_tasks=over_tasks, task=TaskSettings(shots=2, query=2), inner=InnerSettings(step_size=RATE)
    )
    sampler = TaskSampler(WindowSampler(cache, config.grid, WindowSampling(), ["well"]), settings.task)
    return MetaTrainingTask(MetaLearner(model, settings.inner), sampler, class_counts(cache), settings, seed=0)


def ours(task: MetaTrainingTask) -> Step:
    return lambda support, query: task.query_loss(task.learner.head_params(), task.learner.step_sizes(), support, query)


def with_higher(task: MetaTrainingTask) -> Step:
    import higher

    head, fuzzy = task.learner.model.head, task.learner.model.fuzzy

    def step(support: WindowTensors, query: WindowTensors) -> Tensor:
        losses = []
        for support_, query_ in zip(unstacked(support), unstacked(query)):
            optimiser = torch.optim.SGD(head.parameters(), lr=RATE)
            with higher.innerloop_ctx(head, optimiser, copy_initial_weights=False) as (copy, inner):
                inner.step(task.total_loss(copy(support_.inputs, *fuzzy, copy.last_layer), support_.targets))
                losses.append(task.total_loss(copy(query_.inputs, *fuzzy, copy.last_layer), query_.targets))
        return torch.stack(losses).mean()

    return step


def with_torchopt(task: MetaTrainingTask) -> Step:
    import torchopt

    head, fuzzy = task.learner.model.head, task.learner.model.fuzzy

    def step(support: WindowTensors, query: WindowTensors) -> Tensor:
        losses = []
        start = torchopt.extract_state_dict(head, by="reference")
        for support_, query_ in zip(unstacked(support), unstacked(query)):
            inner = torchopt.MetaSGD(head, lr=RATE)
            inner.step(task.total_loss(head(support_.inputs, *fuzzy, head.last_layer), support_.targets))
            losses.append(task.total_loss(head(query_.inputs, *fuzzy, head.last_layer), query_.targets))
            torchopt.recover_state_dict(head, start)
        return torch.stack(losses).mean()

    return step


def outer_gradient(task: MetaTrainingTask, step: Step, seed: int) -> "tuple[float, Dict[str, Tensor]]":
    """Seconds of one outer step, without drawing its tasks, and the gradient of the head."""
    parameters = dict(task.learner.model.head.named_parameters())
    with torch.no_grad():
        vectors = task.learner.model.text()
    support, query = task.tasks(seed, vectors)
    began = time.perf_counter()
    gradients = torch.autograd.grad(step(support, query), list(parameters.values()), allow_unused=True)
    seconds = time.perf_counter() - began
    return seconds, {name: value for name, value in zip(parameters, gradients) if value is not None}


def _compare_gradients(contestants: Dict[str, Tuple[MetaTrainingTask, Step]]) -> None:
    """Once before the clock runs: who computes something else is not compared."""
    gradients = {name: outer_gradient(task, step, seed=0)[1] for name, (task, step) in contestants.items()}
    first = next(iter(gradients.values()))
    for name, found in gradients.items():
        worst = max(float((found[key] - first[key]).abs().max()) for key in first)
        print(f"{name:26s} gradient differs from the first by at most {worst:.1e}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    loop, mapped = training_task("loop", options.tasks), training_task("vmap", options.tasks)
    contestants = {"ours, task by task": (loop, ours(loop)), "ours, all tasks at once": (mapped, ours(mapped))}
    for name, make in (("higher", with_higher), ("torchopt", with_torchopt)):
        if importlib.util.find_spec(name):
            contestants[name] = (loop, make(loop))
    _compare_gradients(contestants)
    seconds: Dict[str, List[float]] = {name: [] for name in contestants}
    for seed in range(1, options.rounds + 1):
        for name, (task, step) in contestants.items():
            seconds[name].append(outer_gradient(task, step, seed)[0])
    own = statistics.median(seconds["ours, task by task"])
    print(
        f"\n{options.tasks} tasks an outer step, {options.threads} threads, median of {options.rounds} rounds in turn"
    )
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:26s} {1 / median:6.2f} steps/s   {own / median:5.2f} of ours, task by task")


if __name__ == "__main__":
    main()
