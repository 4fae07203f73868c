"""Every tensor of a step is where the model is: on torch's device without data a forgotten one is an error anywhere."""

from dataclasses import replace

import pytest
import torch
from distributed_stages import META, STEPS, meta, pretraining, windows

from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.training_loop import run_steps


@pytest.mark.parametrize("stage", [windows, meta])
def test_a_step_leaves_nothing_on_another_device(stage):
    module, task = stage(ALONE)
    module.to("meta")
    losses = task(0)
    assert {loss.device.type for loss in losses.values()} == {"meta"}
    torch.stack(list(losses.values())).sum().backward()
    assert {p.grad.device.type for p in module.parameters() if p.grad is not None} == {"meta"}


def test_tasks_are_mapped_over_on_a_gpu_and_taken_one_by_one_on_a_cpu():
    _, task = meta(ALONE)
    assert task.settings.over_tasks == "auto"
    assert not task.all_at_once()
    task.settings = replace(META, over_tasks="vmap")
    assert task.all_at_once()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("stage", [pretraining, windows, meta])
def test_a_gpu_learns_what_the_cpu_learns(stage, tmp_path):
    losses = []
    for device in ("cpu", "cuda"):
        module, task = stage(Processes(device=torch.device(device)))
        module.to(device)
        run_steps("steps", module, task, STEPS, tmp_path / f"{device}.safetensors", None)
        with torch.no_grad() if stage is not meta else torch.enable_grad():
            losses.append(sum(float(value.detach()) for value in task(100).values()))
    assert losses[1] == pytest.approx(losses[0], rel=0.2)  # a GPU augments with other random numbers
