"""Two processes, really started by torchrun, beside one."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import List

import distributed_stages
import psutil
import pytest
import torch
from safetensors.torch import load_file

from stf2m_ros.meta.processes import ALONE

SCRIPT = Path(distributed_stages.__file__)
LONGEST_S = 300  # on a machine that is busy with other things; a hang is what this ends


def command(*arguments: object) -> List[str]:
    """In two processes."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return [*torchrun, str(SCRIPT), *map(str, arguments)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    distributed_stages.train_all(folder, ALONE)
    return folder


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    distributed_stages.begin_resumed(folder)
    done = subprocess.run(command(folder), capture_output=True, text=True, timeout=LONGEST_S)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("stage", distributed_stages.STAGES)
def test_two_processes_end_at_the_weights_of_one(alone, together, stage):
    """And at its running means: batch normalisation is of the whole batch. An update is twenty times the tolerance;
    where a gradient is next to nothing the optimiser divides it by next to nothing, and roundings show.

    "resumed" was begun by one process and stopped.
    """
    of_one, of_two = (load_file(folder / f"{stage}.safetensors") for folder in (alone, together))
    assert of_one.keys() == of_two.keys()
    for name in (name for name in of_one if name.startswith("module.")):
        torch.testing.assert_close(of_two[name], of_one[name], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("stage", distributed_stages.STAGES)
def test_their_gradients_add_up_to_those_of_one(alone, together, stage):
    """The optimiser's first moment is a mean of gradients."""
    of_one, of_two = (load_file(folder / f"{stage}.safetensors") for folder in (alone, together))
    for name in (name for name in of_one if name.endswith(".exp_avg")):
        assert (of_two[name] - of_one[name]).norm() <= 1e-4 * of_one[name].norm() + 1e-9, name


def test_the_curves_are_of_the_whole_batch_and_written_once(alone, together):
    of_one, of_two = (json.loads((folder / "curves.json").read_text()) for folder in (alone, together))
    assert of_two == pytest.approx({name: of_one[name] for name in of_two}, rel=1e-5)
    assert of_one.keys() - of_two.keys() == {name for name in of_one if name.startswith("resumed")}
    assert len(of_two) == 7


def test_ctrl_c_ends_every_process(tmp_path):
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command(tmp_path, "endless"), **quiet) as run:
        try:
            steps = iter(run.stdout.readline, "")
            assert any(line == "step 2\n" for line in steps)
            processes = psutil.Process(run.pid).children(recursive=True)
            run.send_signal(signal.SIGINT)
            run.stdout.read()  # until the last one has let go of it
            assert run.wait(LONGEST_S) != 0
        finally:
            run.kill()
    assert len(processes) >= 2
    assert psutil.wait_procs(processes, timeout=LONGEST_S)[1] == []


def test_a_process_that_fails_ends_the_others_too(tmp_path):
    failed = subprocess.run(command(tmp_path, "failing"), capture_output=True, text=True, timeout=LONGEST_S)
    assert failed.returncode != 0
    assert "the disk of the second machine is gone" in failed.stderr
    assert "step 3" not in failed.stdout
