import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from stf2m_ros.runtime.build_process import BuildOutcome, BuildProcess, build_command
from stf2m_ros.runtime.cuda_buffers import CudaMissing, load_driver
from stf2m_ros.runtime.tensorrt_api import TensorRTMissing, find_tensorrt

GIVE_UP_S = 60.0
Start = Callable[[List[str]], BuildProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a program instead of the builder; all are stopped at the end."""
    builds: List[BuildProcess] = []

    def start(command: List[str]) -> BuildProcess:
        builds.append(BuildProcess(command))
        return builds[-1]

    yield start
    for build in builds:
        build.stop()


def python(program: str) -> List[str]:
    return [sys.executable, "-c", program]


def outcome_of(build: BuildProcess) -> BuildOutcome:
    outcome = build.wait(GIVE_UP_S)
    assert outcome is not None
    return outcome


def test_a_build_that_ends_well_has_no_failure(start: Start) -> None:
    build = start(python("print('window_head.onnx: built')"))
    assert outcome_of(build) == BuildOutcome("")
    assert build.said() == ["window_head.onnx: built"]


def test_a_running_build_has_no_outcome_and_can_be_stopped(start: Start) -> None:
    build = start(python("import time; time.sleep(600)"))
    assert build.poll() is None
    assert build.wait(0.01) is None
    assert build.elapsed_s < GIVE_UP_S
    build.stop()
    build.stop()
    assert build._process.returncode is not None


def test_its_last_line_says_why_it_failed(start: Start) -> None:
    build = start(python("import sys; print('no room on the disk'); sys.exit(1)"))
    assert outcome_of(build) == BuildOutcome("no room on the disk")


def test_a_crash_is_told_as_one(start: Start) -> None:
    build = start(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert outcome_of(build) == BuildOutcome("the builder was killed by signal 9")


def test_what_it_says_can_be_read_while_it_says_more(start: Start) -> None:
    build = start(python("for i in range(3): print(i, flush=True)"))
    while build.poll() is None:
        build.said()
    assert build.said() == ["0", "1", "2"]


def test_the_real_builder_says_in_one_line_what_this_machine_lacks(
    start: Start, tiny_bundle_folder: Path, tmp_path: Path
) -> None:
    try:
        find_tensorrt()
        load_driver()
    except (TensorRTMissing, CudaMissing) as missing:
        build = start(build_command(tiny_bundle_folder, "fp16", tmp_path))
        assert outcome_of(build) == BuildOutcome(str(missing))
    else:
        pytest.skip("there is a GPU here")


def test_the_real_builder_says_in_one_line_that_there_is_no_bundle(tmp_path: Path) -> None:
    command = build_command(tmp_path / "none", "fp32", tmp_path, dla=0, force=True)
    done = subprocess.run(command, cwd=str(Path(__file__).parents[2]), stdout=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "expected a model bundle, found no such folder" in done.stdout
