import pytest
import torch
from tiny_windows import model, people, sampler
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from stf2m_ros.meta.best_weights import BestWeights, validation_accuracy
from stf2m_ros.meta.training_loop import OptimiserSettings, run_steps
from stf2m_ros.meta.window_scores import beginnings, judge, scores

STEPS = OptimiserSettings(steps=12, rate=0.05, weight_decay=0, warm_up=0.0, checkpoint_s=0)


class Number(nn.Module):
    """Runs away from where it began."""

    def __init__(self):
        super().__init__()
        self.at = nn.Parameter(torch.zeros(1))

    def losses_at(self, step):
        return {"away": -self.at.sum()}

    def nearness(self):
        """Best at 0.25."""
        return -abs(float(self.at.detach()) - 0.25)


@pytest.fixture
def writer(tmp_path):
    with SummaryWriter(str(tmp_path / "curves")) as curves:
        yield curves


def train(number, folder, writer, losses_at=None):
    best = BestWeights(number, losses_at or number.losses_at, number.nearness, 2, folder / "run.safetensors")
    run_steps("away", number, best, STEPS, folder / "run.safetensors", writer)
    last = float(number.at.detach())
    best.restore(STEPS.steps)
    return last, float(number.at.detach())


def test_the_weights_that_did_best_are_kept_though_training_went_on(tmp_path, writer):
    last, kept = train(Number(), tmp_path, writer)
    assert abs(kept - 0.25) < 0.04 < abs(last - 0.25)


def test_a_run_that_was_stopped_keeps_the_same_weights(tmp_path, writer):
    _, straight = train(Number(), tmp_path / "straight", writer)
    stopped = Number()

    def stop_at_nine(step):
        if step == 9:
            raise KeyboardInterrupt
        return stopped.losses_at(step)

    with pytest.raises(KeyboardInterrupt):
        train(stopped, tmp_path / "stopped", writer, stop_at_nine)
    assert train(Number(), tmp_path / "stopped", writer)[1] == straight


def test_a_run_that_is_done_gives_the_best_again(tmp_path, writer):
    _, first = train(Number(), tmp_path, writer)
    written = (tmp_path / "run_best.safetensors").stat().st_mtime_ns
    assert train(Number(), tmp_path, writer)[1] == first
    assert (tmp_path / "run_best.safetensors").stat().st_mtime_ns == written


def test_a_run_that_begins_anew_forgets_the_former_ones_best(tmp_path, writer):
    train(Number(), tmp_path, writer)
    (tmp_path / "run.safetensors").unlink()
    assert BestWeights(Number(), Number().losses_at, Number().nearness, 2, tmp_path / "run.safetensors").best is None


def test_looking_is_done_as_on_the_robot_and_training_goes_on_as_before(tmp_path):
    network, modes = model(), []
    network.train()
    best = BestWeights(network, Number().losses_at, lambda: modes.append(network.training) or 0.5, 1, tmp_path / "a")
    best(1)
    assert modes == [False]
    assert network.training


def test_the_score_is_the_18_way_accuracy_of_the_clips_that_are_looked_at():
    network, windows = model().eval(), sampler(people(6))
    expected = scores(judge(network, windows, beginnings(windows, 6.0)))["accuracy_18"]
    assert validation_accuracy(network, windows, clips=100) == pytest.approx(expected)
    assert 0 <= validation_accuracy(network, windows, clips=2) <= 1
