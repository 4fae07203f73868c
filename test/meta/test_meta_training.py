from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_windows import model, people, sampler
from torch.utils.tensorboard import SummaryWriter

from stf2m_ros.meta.inner_loop import adapt
from stf2m_ros.meta.meta_training import (
    InnerSettings,
    MetaLearner,
    MetaTrainingSettings,
    MetaTrainingTask,
    adapted_parameters,
)
from stf2m_ros.meta.tasks import TaskSampler, TaskSettings
from stf2m_ros.meta.training_loop import OptimiserSettings, run_steps
from stf2m_ros.meta.window_batches import class_counts

SETTINGS = MetaTrainingSettings(tasks=2, mixed_windows=2, task=TaskSettings(shots=2, query=4))


def training_task(settings=SETTINGS, cache=None):
    cache = cache if cache is not None else people()
    windows = sampler(cache)
    tasks = TaskSampler(windows, settings.task)
    return MetaTrainingTask(MetaLearner(model(), settings.inner), tasks, class_counts(cache), settings, seed=0)


def gradients(task):
    task.learner.zero_grad()
    task(0)["query"].backward()
    return {name: p.grad.clone() for name, p in task.learner.named_parameters() if p.grad is not None}


def test_the_outer_gradient_agrees_with_finite_differences():
    def loss(params, x, y):
        return (torch.tanh(x @ params["w"]) - y).square().mean()

    torch.manual_seed(0)
    x, y = torch.randn(2, 5, 3, dtype=torch.float64), torch.randn(2, 5, dtype=torch.float64)
    rate = {"w": torch.tensor(0.3, dtype=torch.float64)}

    def outer(w):
        adapted = adapt(lambda p: loss(p, x[0], y[0]), {"w": w}, rate, steps=2, first_order=False)
        return loss(adapted, x[1], y[1])

    w = torch.randn(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(outer, (w,))


def test_first_order_leaves_out_the_way_through_the_inner_gradient():
    def outer(w, first_order):
        adapted = adapt(lambda p: p["w"].pow(3).sum(), {"w": w}, {"w": torch.tensor(0.1)}, 1, first_order)
        return adapted["w"].sum()

    w = torch.tensor([2.0], requires_grad=True)
    assert torch.autograd.grad(outer(w, True), w)[0].item() == pytest.approx(1.0)
    assert torch.autograd.grad(outer(w, False), w)[0].item() == pytest.approx(1.0 - 0.1 * 6 * 2.0)


def test_all_tasks_at_once_give_the_gradients_of_one_by_one():
    one_by_one, at_once = gradients(training_task()), gradients(training_task(replace(SETTINGS, over_tasks="vmap")))
    assert one_by_one.keys() == at_once.keys()
    for name, value in one_by_one.items():
        torch.testing.assert_close(at_once[name], value, atol=2e-5, rtol=2e-3, msg=name)


def test_the_inner_rates_learn_too():
    assert gradients(training_task())["log_step_sizes"].abs().sum() > 0


def test_only_the_last_layer_moves_where_only_the_last_layer_shall():
    inner = InnerSettings(last_layer_only=True)
    task = training_task(replace(SETTINGS, inner=inner))
    before = {name: value.detach().clone() for name, value in task.learner.head_params().items()}
    after = adapted_parameters(task.learner, task, task.sampler.task((0, 0)).support)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"last_layer"}


def test_adapting_lowers_the_loss_on_the_support_set():
    task = training_task()
    support = task.sampler.task((0, 0)).support
    with torch.no_grad():
        windows = task.learner.tensors(support, task.learner.model.text())
        before = task.windows_loss(task.learner.head_params(), windows)
        after = task.windows_loss(adapted_parameters(task.learner, task, support), windows)
    assert after < before


def test_meta_training_lowers_the_loss_after_adaptation_on_new_tasks(tmp_path):
    task = training_task()

    def unseen_loss():
        with torch.no_grad():
            return np.mean([float(task(step)["query"]) for step in range(1000, 1006)])

    before = unseen_loss()
    with SummaryWriter(str(tmp_path)) as writer:
        settings = OptimiserSettings(steps=15, batch_size=2, rate=5e-3)
        run_steps("meta", task.learner, task, settings, tmp_path / "meta.safetensors", writer)
    assert unseen_loss() < 0.8 * before


def test_a_learner_that_can_only_move_the_bias_scores_at_chance():
    """The same bias for every segment of a query set of which half is foreign cannot tell own from foreign."""
    tasks = TaskSampler(sampler(people(24)), TaskSettings(shots=4, query=6))
    right = total = 0
    for step in range(40):
        task = tasks.task((0, step))
        support = task.support.class_index[(task.support.class_index >= 0) & (task.support.class_index < 18)] // 3
        query = task.query.class_index[(task.query.class_index >= 0) & (task.query.class_index < 18)] // 3
        right += int((query == np.bincount(support).argmax()).sum())
        total += len(query)
    assert right / total == pytest.approx(0.5, abs=0.02)  # half of the query: what the task's design leaves to a bias
