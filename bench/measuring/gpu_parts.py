"""The parts of `make bench-gpu`: what each runs, for how long at most, and which promises it proves. No import of ours:
on a strange machine each part is a process that may fail alone."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Tuple

BENCH = Path(__file__).resolve().parents[1]
REPOSITORY = BENCH.parent
HEAD_MS = 1.0

GPU, PYCUDA, TENSORRT, TORCH = "a GPU", "pycuda", "TensorRT", "PyTorch with CUDA"
PROBES = {
    PYCUDA: "from stf2m_ros.runtime.cuda_buffers import device_name as n; print(n())",
    TENSORRT: "from stf2m_ros.runtime.tensorrt_api import find_tensorrt as f, version_of as v; print(v(f()))",
    TORCH: "import torch; torch.zeros(1).cuda(); print('PyTorch', torch.__version__, torch.cuda.get_device_name())",
}
"""Programs that print what is here, or fail with the reason as their last line."""


@dataclass(frozen=True)
class Part:
    """One process. limit_s: its own time; what parts before it left over comes on top."""

    name: str
    command: List[str]
    limit_s: float
    proves: Tuple[str, ...]
    needs: Tuple[str, ...] = ()
    refuted: Callable[[str], str] = lambda said: ""  # what was printed -> why it proves nothing all the same, or empty


def parts(bundle: Path, out: Path, seconds: float = 2.0) -> List[Part]:
    """In the order in which they run; together under eight minutes. seconds: of the benchmark, for each figure."""
    python, own, cache = sys.executable, str(out / "bundle"), str(out / "engines")
    build = [python, "-m", "stf2m_ros.cli.build_engine", "--bundle", own, "--cache", cache, "--layers"]
    measure = [python, "-m", "stf2m_ros.cli.benchmark", "--bundle", own, "--cache", cache, "--seconds", str(seconds)]
    tests = [python, "-m", "pytest", "-q", "-rs", "-W", "default", "test/runtime/test_on_gpu.py"]
    rivals = [python, str(BENCH / "torch_on_gpu.py"), "--out", str(out), "--seconds", "70"]
    quantise = [python, str(BENCH / "int8_bundle.py"), "--bundle", str(bundle), "--out", own]
    on_device = (PYCUDA, TENSORRT)
    return [
        Part("bundle with int8 encoders", quantise, 50, ("nothing of the GPU: what the later parts build from",)),
        Part(
            "engines, fp16",
            [*build, "--precision", "fp16"],
            75,
            (
                "pycuda runs on this device",
                "engines are built, opened and run; time to build, size, median time of both graphs",
                "precision of each layer as the inspector tells it; largest difference from ONNX Runtime within 0.02",
            ),
            on_device,
        ),
        Part(
            "benchmark, fp16",
            [*measure, "--precision", "fp16", "--out", str(out / "fp16")],
            40,
            (
                "encoder frames/s by batch, memory, power and energy per frame",
                f"window head under {HEAD_MS:g} ms (p50), with its p95 and p99",
            ),
            on_device,
            lambda said: slow_head(out / "fp16" / "benchmark.json"),
        ),
        Part(
            "engines, int8",
            [*build, "--precision", "int8"],
            50,
            ("the Q/DQ encoder is built and agrees with float32 within 0.15; layers in int8 as built",),
            on_device,
        ),
        Part(
            "benchmark, int8",
            [*measure, "--precision", "int8", "--out", str(out / "int8")],
            30,
            ("int8 frames/s by batch beside fp16's",),
            on_device,
            lambda said: slow_head(out / "int8" / "benchmark.json", float("inf")),
        ),
        Part(
            "tests on the GPU",
            tests,
            115,
            (
                "TensorRT within tolerance of ONNX Runtime in fp32, fp16 and int8, found again in the cache",
                "golden clips: the same class in 99.5 % of segments with fp16",
                "tokens stay on the device, copied and mapped; falling back in the middle of a stream loses no row",
            ),
            on_device,
            left_out,
        ),
        Part(
            "PyTorch on the same GPU",
            rivals,
            95,
            (
                "the device's limits: fp16 operations and bytes a second",
                "encoder and window head in PyTorch: eager, CUDA graph, torch.compile, as shares of the limits",
            ),
            (TORCH,),
        ),
    ]


def left_out(said: str) -> str:
    """Why a run of pytest that ended well proves nothing."""
    counted = {what: int(number) for number, what in re.findall(r"(\d+) (passed|skipped)", said)}
    if counted.get("skipped") or not counted.get("passed"):
        return f"{counted.get('passed', 0)} tests passed, {counted.get('skipped', 0)} were skipped"
    return ""


def slow_head(benchmark: Path, most_ms: float = HEAD_MS) -> str:
    """Why the benchmark's figures do not prove the window head's speed with TensorRT."""
    try:
        figures = json.loads(benchmark.read_text(encoding="utf-8"))["figures"]
    except (OSError, ValueError, KeyError) as error:
        return f"no figures: {error}"
    of_tensorrt = [each for each in figures if str(each["part"]).startswith("TensorRT")]
    p50 = [each["value"] for each in of_tensorrt if each["name"] == "window head, p50"]
    if not p50:
        reasons = [str(each.get("reason")) for each in of_tensorrt if each["value"] is None]
        return "TensorRT was not measured: " + "; ".join(reasons or ["no figure of it"])
    return "" if p50[0] < most_ms else f"window head {p50[0]:.2f} ms, expected under {most_ms:g}"
