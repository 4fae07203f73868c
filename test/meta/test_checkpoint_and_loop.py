import pytest
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from stf2m_ros.meta.checkpoint import load_checkpoint, save_checkpoint
from stf2m_ros.meta.training_loop import OptimiserSettings, learning_rate, run_steps

STEPS = OptimiserSettings(steps=12, batch_size=4, checkpoint_s=0.0)


def regression(module):
    def losses_at(step):
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
        return {"square": (module(x) - x.sum(1, keepdim=True)).square().mean()}

    return losses_at


def new_module():
    torch.manual_seed(0)
    return nn.Linear(3, 1)


@pytest.fixture()
def writer(tmp_path):
    with SummaryWriter(str(tmp_path / "curves")) as writer:
        yield writer


def weights(module):
    return torch.cat([value.flatten() for value in module.state_dict().values()])


def test_a_run_that_was_stopped_ends_at_the_same_weights(tmp_path, writer):
    straight, stopped, resumed = new_module(), new_module(), new_module()
    run_steps("whole", straight, regression(straight), STEPS, tmp_path / "a.safetensors", writer)

    def stop_at_seven(step):
        if step == 7:
            raise KeyboardInterrupt
        return regression(stopped)(step)

    with pytest.raises(KeyboardInterrupt):
        run_steps("stopped", stopped, stop_at_seven, STEPS, tmp_path / "b.safetensors", writer)
    run_steps("resumed", resumed, regression(resumed), STEPS, tmp_path / "b.safetensors", writer)
    assert torch.equal(weights(straight), weights(resumed))
    assert not torch.equal(weights(straight), weights(new_module()))


def test_a_damaged_checkpoint_names_itself(tmp_path):
    path, module = tmp_path / "a.safetensors", new_module()
    optimiser = torch.optim.AdamW(module.parameters())
    save_checkpoint(path, module, optimiser, 3)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match=r"a\.safetensors: expected a checkpoint, found: .*; delete it to start anew"):
        load_checkpoint(path, module, optimiser)


def test_a_finished_run_is_not_run_again(tmp_path, writer):
    module = new_module()
    run_steps("first", module, regression(module), STEPS, tmp_path / "a.safetensors", writer)

    def never(step):
        raise AssertionError("a finished stage must not take a step")

    run_steps("second", new_module(), never, STEPS, tmp_path / "a.safetensors", writer)


def test_a_checkpoint_of_another_network_is_refused_by_name(tmp_path):
    module = new_module()
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, module, torch.optim.AdamW(module.parameters()), 3)
    other = nn.Linear(4, 1)
    with pytest.raises(ValueError, match="a.safetensors: made by another configuration"):
        load_checkpoint(path, other, torch.optim.AdamW(other.parameters()))


def test_steps_of_another_configuration_are_not_gone_on_from(tmp_path, writer):
    path, module = tmp_path / "a.safetensors", new_module()
    run_steps("first", module, regression(module), STEPS, path, writer, made_from={"seed": "1", "clips": "2"})
    expected = r"a\.safetensors: made by another configuration \(other clips\); delete it to start anew, or name"
    with pytest.raises(ValueError, match=expected):
        run_steps("second", module, regression(module), STEPS, path, writer, made_from={"seed": "1", "clips": "3"})


def test_a_checkpoint_that_does_not_tell_what_it_was_made_from_is_taken_with_a_warning(tmp_path, caplog):
    path, module = tmp_path / "a.safetensors", new_module()
    optimiser = torch.optim.AdamW(module.parameters())
    save_checkpoint(path, module, optimiser, 3)
    assert load_checkpoint(path, module, optimiser, {"seed": "1"}) == 3
    assert f"{path}: does not tell what it was made from; taken as it is" in caplog.text
    save_checkpoint(path, module, optimiser, 4, {"seed": "1"})
    caplog.clear()
    assert load_checkpoint(path, module, optimiser, {"seed": "1"}) == 4
    assert not caplog.text


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, writer):
    module = new_module()
    with pytest.raises(FloatingPointError, match="nan at step 0"):
        run_steps(
            "bad", module, lambda step: {"loss": module.weight.sum() * float("nan")}, STEPS, tmp_path / "c", writer
        )


def test_the_rate_rises_then_falls_to_nothing():
    settings = OptimiserSettings(steps=100, rate=1.0)
    rates = [learning_rate(step, settings) for step in range(100)]
    assert rates[0] < 0.01
    assert max(rates) == pytest.approx(1.0, abs=0.02)
    assert rates[-1] < 0.01
