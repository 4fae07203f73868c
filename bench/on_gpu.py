"""Everything that only a GPU can prove, in one command: `make bench-gpu`. Ends with code 1 where there is no GPU.

1. pytest -m gpu: TensorRT engines built, run, compared, fallen back from, on this device
2. `build_engine`, then `benchmark`: frames/s of the encoder by batch, window head, memory and power, with TensorRT
3. PyTorch on the same device, where it has CUDA: eager, torch.compile, CUDA graphs, against the device's own products
Each step has its own time limit; together they stay under eight minutes.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import List, Tuple

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]
from stf2m_ros.runtime.cuda_buffers import CudaMissing, load_driver  # noqa: E402
from stf2m_ros.runtime.tensorrt_api import TensorRTMissing, find_tensorrt, version_of  # noqa: E402

BUNDLE = REPOSITORY / "models" / "generated_faces"
WHOLE_S = 470.0


def main() -> int:
    options = _options()
    missing = what_is_missing()
    if missing:
        for line in missing:
            print(f"missing: {line}", file=sys.stderr)
        print("nothing was measured: this command is for a machine with an NVIDIA GPU", file=sys.stderr)
        return 1
    until_s, failed = time.monotonic() + WHOLE_S, []
    for name, command, share in _steps(options.bundle, options.out):
        limit_s = min(share * WHOLE_S, until_s - time.monotonic())
        print(f"== {name} (at most {limit_s:.0f} s)", flush=True)
        if not _run(command, limit_s):
            failed.append(name)
    print("proven on this GPU" if not failed else f"not proven: {', '.join(failed)}")
    return 1 if failed else 0


def what_is_missing() -> List[str]:
    """One line each; empty where the measurement can begin."""
    lines = []
    try:
        print(f"{version_of(find_tensorrt())}")
    except TensorRTMissing as missing:
        lines.append(f"{missing}: pip install tensorrt, or JetPack's for the system's Python")
    try:
        load_driver()
    except CudaMissing as missing:
        lines.append(f"{missing}: a GPU with its driver, and pip install pycuda with nvcc on the PATH")
    return lines


def _steps(bundle: Path, out: Path) -> List[Tuple[str, List[str], float]]:
    """Name, command, and which share of the whole time it may take."""
    python = sys.executable
    tests = ["-m", "pytest", "-q", "-m", "gpu", "-rs", "test/runtime/test_on_gpu.py"]
    build = ["-m", "stf2m_ros.cli.build_engine", "--bundle", str(bundle)]
    measure = ["-m", "stf2m_ros.cli.benchmark", "--bundle", str(bundle), "--out", str(out)]
    rivals = [str(Path(__file__).parent / "torch_on_gpu.py"), "--out", str(out)]
    return [
        ("tests on the GPU", [python, *tests], 0.45),
        ("building engines", [python, *build], 0.3),
        ("benchmark", [python, *measure], 0.2),
        ("PyTorch on the same GPU", [python, *rivals], 0.3),
    ]


def _run(command: List[str], limit_s: float) -> bool:
    if limit_s <= 0:
        print("not begun: the time is over")
        return False
    try:
        return subprocess.run(command, cwd=REPOSITORY, timeout=limit_s).returncode == 0
    except subprocess.TimeoutExpired:
        print("stopped: it took too long")
        return False


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=BUNDLE)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "out" / "bench_gpu")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
