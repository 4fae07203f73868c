"""What `make bench-gpu` does without a GPU, and on the fake one; what it does with a real one, only that can tell."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict

import pytest

from stf2m_ros.runtime.cuda_buffers import CudaMissing, load_driver

TEST = Path(__file__).resolve().parents[1]
BENCH = TEST.parent / "bench"
sys.path.insert(0, str(BENCH))
import on_gpu  # noqa: E402
from measuring.gpu_parts import Part, left_out, parts, slow_head  # noqa: E402

FAKE_MACHINE = {"PYTHONPATH": os.pathsep.join([str(TEST), str(TEST / "fake_machine")]), "STF2M_GOLDEN_CLIPS": "1"}


@pytest.fixture(autouse=True)
def no_gpu() -> None:
    try:
        load_driver()
    except CudaMissing:
        return
    pytest.skip("there is a GPU here")


def ended(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env={**os.environ, **environment}
    )


def program(name: str, code: str, limit_s: float = 30.0, **how: object) -> Part:
    return Part(name, [sys.executable, "-c", code], limit_s, (f"what {name} proves",), **how)


def reasons(out: Path) -> Dict[str, str]:
    kept = json.loads((out / "bench_gpu.json").read_text())
    return {each["part"]: each["reason"] for each in kept["parts"]}


def test_without_a_gpu_it_fails_at_once_and_says_what_is_missing(tmp_path: Path) -> None:
    done = ended(str(BENCH / "on_gpu.py"), "--out", str(tmp_path))
    assert done.returncode == 1
    assert "missing: pycuda: " in done.stderr
    assert "nothing was measured: this command is for a machine with an NVIDIA GPU" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_on_the_fake_machine_every_part_of_tensorrt_proves_what_it_is_for(
    int8_bundle_folder: Path, tmp_path: Path
) -> None:
    """Every line of the parts but PyTorch's is run, processes, caches and verdicts included."""
    command = [str(BENCH / "on_gpu.py"), "--bundle", str(int8_bundle_folder), "--out", str(tmp_path)]
    done = ended(*command, "--seconds", "0.05", "--patience", "20", **FAKE_MACHINE)
    failed = {name: reason for name, reason in reasons(tmp_path).items() if reason}
    assert failed.pop("PyTorch on the same GPU") == "left out for want of PyTorch with CUDA", done.stdout
    # The fake computes on the processor, so its times prove nothing.
    assert all("window head" in reason for reason in failed.values()), done.stdout
    assert "proven      golden clips: the same class in 99.5 % of segments with fp16" in done.stdout
    assert "NOT PROVEN  the device's limits: fp16 operations and bytes a second" in done.stdout
    assert done.returncode == 1


def test_one_part_that_fails_crashes_or_hangs_does_not_end_the_others(tmp_path: Path) -> None:
    todo = [
        program("failing", "print('no kernel image'); raise SystemExit(3)"),
        program("crashing", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"),
        program("hanging", "import time; print('begun', flush=True); time.sleep(600)", limit_s=0.5),
        program("lacking", "", needs=("TensorRT",)),
        program("ending well", "print('12 passed')"),
    ]
    todo[2] = Part(todo[2].name, todo[2].command, -29.0 - 30.0 + 1.0, todo[2].proves)  # takes back what was left over
    on_gpu.run_all(todo, {}, {"TensorRT": "not installed"}, tmp_path)
    found = reasons(tmp_path)
    assert found["failing"] == "ended with code 3"
    assert found["crashing"] == "killed by signal 11"
    assert found["hanging"].startswith("stopped after ")
    assert found["lacking"] == "left out for want of TensorRT"
    assert found["ending well"] == ""
    assert (tmp_path / "failing.log").read_text() == "no kernel image\n"


def test_what_a_part_proves_is_kept_before_the_next_begins(tmp_path: Path) -> None:
    looks = f"import json; print(len(json.load(open({str(tmp_path / 'bench_gpu.json')!r}))['parts']))"
    outcomes = on_gpu.run_all([program("first", ""), program("second", looks)], {}, {}, tmp_path)
    assert [each.reason for each in outcomes] == ["", ""]
    assert (tmp_path / "second.log").read_text() == "1\n"


def test_nothing_that_a_part_started_outlasts_it(tmp_path: Path) -> None:
    """As the builder would that build_engine waits for."""
    waits = "[sys.executable, '-c', 'import time; time.sleep(600)']"
    child = f"import subprocess, sys; print(subprocess.Popen({waits}).pid)"
    on_gpu.run_all([program("parent", child)], {}, {}, tmp_path)
    pid = int((tmp_path / "parent.log").read_text())
    end_s = time.monotonic() + 60  # a kill is sent at once; a busy system takes its time to carry it out
    while not gone(pid):
        assert time.monotonic() < end_s
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Or only not yet collected by its parent."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rsplit(")", 1)[1].split()[0] == "Z"


def test_all_parts_together_stay_under_eight_minutes(tmp_path: Path) -> None:
    todo = parts(tmp_path, tmp_path)
    assert sum(part.limit_s for part in todo) <= on_gpu.WHOLE_S < 480
    assert all(part.proves for part in todo)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("13 passed in 80.1s", ""),
        ("12 passed, 2 skipped in 80.1s", "12 tests passed, 2 were skipped"),
        ("14 skipped in 0.1s", "0 tests passed, 14 were skipped"),
        ("no tests ran in 0.01s", "0 tests passed, 0 were skipped"),
    ],
)
def test_tests_that_were_skipped_prove_nothing(said: str, reason: str) -> None:
    assert left_out(said) == reason


def test_a_benchmark_without_tensorrt_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "benchmark.json"
    assert slow_head(path).startswith("no figures: ")
    path.write_text(json.dumps({"figures": [{"part": "TensorRT", "name": "x", "value": None, "reason": "no engine"}]}))
    assert slow_head(path) == "TensorRT was not measured: no engine"
    for value, reason in ((0.4, ""), (1.5, "window head 1.50 ms, expected under 1")):
        path.write_text(
            json.dumps({"figures": [{"part": "TensorRT, fp16", "name": "window head, p50", "value": value}]})
        )
        assert slow_head(path) == reason


def test_pytorch_without_cuda_says_so(tmp_path: Path) -> None:
    done = ended(str(BENCH / "torch_on_gpu.py"), "--out", str(tmp_path))
    assert done.returncode == 1
    assert "sees no GPU" in done.stdout
