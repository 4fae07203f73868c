"""What `make bench-gpu` does where there is no GPU; what it does with one, only a GPU can tell."""

import subprocess
import sys
from pathlib import Path

import pytest

from stf2m_ros.runtime.cuda_buffers import CudaMissing, load_driver

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(autouse=True)
def no_gpu() -> None:
    try:
        load_driver()
    except CudaMissing:
        return
    pytest.skip("there is a GPU here")


def test_without_a_gpu_it_fails_at_once_and_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / "on_gpu.py"), "--out", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "missing: " in done.stderr
    assert "nothing was measured: this command is for a machine with an NVIDIA GPU" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_pytorch_without_cuda_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / "torch_on_gpu.py"), "--out", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "sees no GPU" in done.stdout
