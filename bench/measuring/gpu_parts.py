"""The parts of `make bench-gpu`: what each runs, for how long at most, and which promises it proves. No import of ours:
on a strange machine each part is a process that may fail alone."""

import json
import re
import sys
from dataclasses import dataclass
from functools import partial
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
    of_int8 = ("the Q/DQ encoder is built and agrees with float32 within 0.15; layers in int8 as built",)
    return [
        _int8_bundle(bundle, out),
        _engines(out, "fp16", 75, _PROVED_BY_FP16_ENGINES),
        _benchmark(out, "fp16", 40, seconds, _PROVED_BY_FP16_BENCHMARK, HEAD_MS),
        _engines(out, "int8", 50, of_int8),
        _benchmark(out, "int8", 30, seconds, ("int8 frames/s by batch beside fp16's",), float("inf")),
        _tests(),
        _pytorch(out),
    ]


_ON_DEVICE = (PYCUDA, TENSORRT)
_PROVED_BY_FP16_ENGINES = (
    "pycuda runs on this device",
    "engines are built, opened and run; time to build, size, median time of both graphs",
    "precision of each layer as the inspector tells it; largest difference from ONNX Runtime within 0.02",
)
_PROVED_BY_FP16_BENCHMARK = (
    "encoder frames/s by batch, memory, power and energy per frame",
    f"window head under {HEAD_MS:g} ms (p50), with its p95 and p99",
)


def _int8_bundle(bundle: Path, out: Path) -> Part:
    command = [sys.executable, str(BENCH / "int8_bundle.py"), "--bundle", str(bundle), "--out", str(out / "bundle")]
    return Part("bundle with int8 encoders", command, 50, ("nothing of the GPU: what the later parts build from",))


def _engines(out: Path, precision: str, limit_s: float, proves: Tuple[str, ...]) -> Part:
    command = [*_ours("build_engine", out), "--layers", "--precision", precision]
    return Part(f"engines, {precision}", command, limit_s, proves, _ON_DEVICE)


def _benchmark(
    out: Path, precision: str, limit_s: float, seconds: float, proves: Tuple[str, ...], head_ms: float
) -> Part:
    figures = out / precision
    command = [*_ours("benchmark", out), "--seconds", str(seconds), "--precision", precision, "--out", str(figures)]
    refuted = partial(_slow_head_in, figures / "benchmark.json", head_ms)
    return Part(f"benchmark, {precision}", command, limit_s, proves, _ON_DEVICE, refuted)


def _tests() -> Part:
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-W", "default", "test/runtime/test_on_gpu.py"]
    proves = (
        "TensorRT within tolerance of ONNX Runtime in fp32, fp16 and int8, found again in the cache",
        "golden clips: the same class in 99.5 % of segments with fp16",
        "tokens stay on the device, copied and mapped; falling back in the middle of a stream loses no row",
    )
    return Part("tests on the GPU", command, 115, proves, _ON_DEVICE, left_out)


def _pytorch(out: Path) -> Part:
    command = [sys.executable, str(BENCH / "torch_on_gpu.py"), "--out", str(out), "--seconds", "70"]
    proves = (
        "the device's limits: fp16 operations and bytes a second",
        "encoder and window head in PyTorch: eager, CUDA graph, torch.compile, as shares of the limits",
    )
    return Part("PyTorch on the same GPU", command, 95, proves, (TORCH,))


def _ours(program: str, out: Path) -> List[str]:
    """One of our programs on the bundle and the engine cache that all parts share."""
    shared = ["--bundle", str(out / "bundle"), "--cache", str(out / "engines")]
    return [sys.executable, "-m", f"stf2m_ros.cli.{program}", *shared]


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


def _slow_head_in(benchmark: Path, most_ms: float, said: str) -> str:
    """slow_head for a Part, which tells what was printed too."""
    return slow_head(benchmark, most_ms)
