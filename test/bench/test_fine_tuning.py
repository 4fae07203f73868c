import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_windows import model, people, sampler

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from measuring.fine_tuning import ADAM, GRADIENT, LEARNED, Way, weights_over_steps

from stf2m_ros.meta.losses import LossSettings, SegmentLoss
from stf2m_ros.meta.meta_training import (
    InnerSettings,
    MetaLearner,
    MetaTrainingSettings,
    MetaTrainingTask,
    adapted_parameters,
)
from stf2m_ros.meta.tasks import TaskSampler, TaskSettings
from stf2m_ros.meta.window_batches import Cut, WindowBatch

LOSS = SegmentLoss(LossSettings(), np.ones(19))


def support() -> WindowBatch:
    return sampler(people()).cut([Cut(clip, 0, 60) for clip in range(3)])


def loss_with(found, weights, windows: WindowBatch) -> float:
    with torch.no_grad():
        inputs = found.head_inputs(windows, found.text())
        out = torch.func.functional_call(found.head, weights, (inputs, *found.fuzzy, weights["last_layer"]))
        return float(torch.stack(list(LOSS(out, windows.targets()).values())).sum())


@pytest.mark.parametrize("way", [Way(GRADIENT, 0.05), Way(ADAM, 3e-3), Way(LEARNED)])
def test_each_way_comes_closer_to_the_labelled_clips_and_leaves_the_model_alone(way):
    learner, windows = MetaLearner(model(), InnerSettings(step_size=0.05)), support()
    before = {name: value.clone() for name, value in learner.model.head.state_dict().items()}
    over = weights_over_steps(learner.model, LOSS, windows, way, (0, 2, 8), learner.step_sizes())
    losses = [loss_with(learner.model, weights, windows) for _, weights in over]
    assert losses[0] > losses[1] > losses[2]
    assert all(torch.equal(value, before[name]) for name, value in learner.model.head.state_dict().items())


@pytest.mark.parametrize("kind", [GRADIENT, ADAM])
def test_the_last_layer_alone_can_be_moved(kind):
    found, windows = model(), support()
    ((_, start), (_, end)) = weights_over_steps(found, LOSS, windows, Way(kind, 0.01, True), (0, 3), {})
    assert {name for name in start if not torch.equal(start[name], end[name])} == {"last_layer"}


def test_learned_rates_step_as_the_inner_loop_does():
    learner, windows = MetaLearner(model(), InnerSettings(steps=2, step_size=0.05)), support()
    settings = MetaTrainingSettings(inner=InnerSettings(steps=2, step_size=0.05))
    tasks = TaskSampler(sampler(people()), TaskSettings(shots=2, query=4))
    expected = adapted_parameters(learner, MetaTrainingTask(learner, tasks, np.ones(19), settings, 0), windows)
    ((_, found),) = weights_over_steps(learner.model, LOSS, windows, Way(LEARNED), (2,), learner.step_sizes())
    assert all(torch.allclose(found[name], expected[name], atol=1e-6) for name in expected)


def test_an_unknown_way_is_told():
    with pytest.raises(ValueError, match="gradient, adam or learned with a rate above 0"):
        Way("newton")
