"""The network at full width against what the same processor does elsewhere, turn by turn in one run.

A frame's operations are counted; a large matrix product of PyTorch tells how many a second the processor reaches.
The rivals take turns, so that other work on the machine disturbs all of them alike, and the median of each counts.
"""

import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import numpy as np
import torch

from measuring.figures import Figure
from measuring.operations import FULL_WIDTH, SIZE_PX, operations_of
from stf2m_ros.export.cpu_encoder import write_cpu_encoder
from stf2m_ros.export.cpu_head import write_cpu_head
from stf2m_ros.export.quantise import calibration_faces, quantise_encoder
from stf2m_ros.export.to_onnx import export_frame_encoder, export_window_head, round_to_half, shippable
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.net.stf2m import WindowHead, WindowHeadConfig
from stf2m_ros.runtime.engine import WINDOW_HEAD_INPUTS
from stf2m_ros.runtime.engine_trial import following_windows
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.runtime.remembering_head import RememberingHead, open_head
from stf2m_ros.stream.settings import Preprocessing, WindowGrid

PART = "network"
BATCH = 8
PRODUCT = 2048  # rows and columns of the matrix product
SLOTS_PER_HOP, SLOTS = 5, 300
_RANDOM_CLIPS = 2


@dataclass(frozen=True)
class FullWidth:
    """What later parts are held against."""

    encoder_cpu_ms: float  # of the processor, one frame at a time
    head_cpu_ms: float


def measure_network(
    threads: int, rounds: int, compiled: bool = True, width: int = FULL_WIDTH
) -> Tuple[List[Figure], FullWidth]:
    """Encoder at full width with random weights, whose speed is that of trained ones. Needs torch.

    compiled: with torch.compile too, which compiles for a minute or more.
    """
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        encoder, engine, int8, head = _networks(Path(folder), threads, width)
        rivals, single = _rivals(encoder, engine, int8, compiled), _single(engine, head)
        seconds, cpu = take_turns({**rivals, **single}, rounds)
        operations = operations_of(encoder)
    rate = {name: BATCH * operations / seconds[name] for name in rivals if name != "matrix product"}
    rate["matrix product"] = 2 * PRODUCT**3 / seconds["matrix product"]
    return _figures(rate, seconds, cpu, operations, threads), FullWidth(1000 * cpu["one frame"], 1000 * cpu["head"])


def take_turns(rivals: Dict[str, Callable[[], object]], rounds: int) -> Tuple[Dict[str, float], Dict[str, float]]:
    """Median seconds of each rival, by the clock and of the processor."""
    wall: Dict[str, List[float]] = {name: [] for name in rivals}
    cpu: Dict[str, List[float]] = {name: [] for name in rivals}
    for run in rivals.values():
        run()
    for _ in range(rounds):
        for name, run in rivals.items():
            started, worked = time.perf_counter(), time.process_time()
            run()
            cpu[name].append(time.process_time() - worked)
            wall[name].append(time.perf_counter() - started)
    return tuple({name: float(np.median(values)) for name, values in each.items()} for each in (wall, cpu))


def vector_extensions(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Which 8-bit products the processor has: they decide whether int8 pays."""
    flags: List[str] = []
    with suppress(OSError):
        flags = cpuinfo.read_text(encoding="utf-8").split()
    found = [name for name in ("amx_int8", "avx512_vnni", "avx_vnni", "asimddp") if name in flags]
    return " and ".join(found) or "neither VNNI nor AMX"


def _networks(folder: Path, threads: int, width: int) -> Tuple[FrameEncoder, OnnxEngine, OnnxEngine, RememberingHead]:
    torch.manual_seed(0)
    encoder = FrameEncoder(FrameEncoderConfig(width)).train()
    faces = calibration_faces(_RANDOM_CLIPS, Preprocessing())
    encoder(torch.from_numpy(faces))  # normalisations that have seen data keep the activations in a trained one's range
    encoder, head = shippable(encoder), WindowHead(WindowHeadConfig()).eval()
    round_to_half(head)
    export_frame_encoder(encoder, SIZE_PX, folder / "encoder.onnx")
    export_window_head(head, WindowGrid(), 64, folder / "head.onnx")
    write_cpu_head(folder / "head.onnx", folder / "cpu_head.onnx")
    quantise_encoder(folder / "encoder.onnx", folder / "int8.onnx", faces)
    # As in a bundle: the encoder that is made for ONNX Runtime where there is one.
    gains = write_cpu_encoder(folder / "encoder.onnx", folder / "cpu_encoder.onnx")
    names = ("cpu_encoder" if gains else "encoder", "int8")
    engines = (OnnxEngine(folder / f"{name}.onnx", threads) for name in names)
    return (encoder, *engines, open_head(folder / "cpu_head.onnx", threads))


def _rivals(
    encoder: FrameEncoder, engine: OnnxEngine, int8: OnnxEngine, with_compiled: bool
) -> Dict[str, Callable[[], object]]:
    faces = np.random.RandomState(0).randn(BATCH, 3, SIZE_PX, SIZE_PX).astype(np.float32)
    batch, one, other = torch.from_numpy(faces), torch.randn(PRODUCT, PRODUCT), torch.randn(PRODUCT, PRODUCT)
    rivals: Dict[str, Callable[[], object]] = {
        "matrix product": lambda: one @ other,
        "ONNX Runtime": lambda: engine.run({"faces": faces}),
        "ONNX Runtime int8": lambda: int8.run({"faces": faces}),
        "PyTorch eager": lambda: encoder(batch),
    }
    compiled = _compiled(encoder, batch) if with_compiled else None
    return {**rivals, "torch.compile": compiled} if compiled else rivals


def _compiled(encoder: FrameEncoder, batch: torch.Tensor) -> "Callable[[], object] | None":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compiled = torch.compile(encoder)
            compiled(batch)
        except Exception as error:  # it needs a C++ compiler and more; what it raises has no common base
            print(f"  torch.compile does not run here: {' '.join(str(error).split())[:100]}")
            return None
    return lambda: compiled(batch)


def _single(engine: OnnxEngine, head: RememberingHead) -> Dict[str, Callable[[], object]]:
    """One frame and one window, as the robot runs them."""
    random = np.random.RandomState(1)
    face = random.randn(1, 3, SIZE_PX, SIZE_PX).astype(np.float32)
    window = {name: random.rand(*head.input_shapes[name]).astype(np.float32) for name in WINDOW_HEAD_INPUTS}
    window["frame_presence"][:] = 1
    windows = following_windows(window, SLOTS_PER_HOP)
    return {"one frame": lambda: engine.run({"faces": face}), "head": lambda: head.run(next(windows))}


def _figures(
    rate: Dict[str, float], seconds: Dict[str, float], cpu: Dict[str, float], operations: int, threads: int
) -> List[Figure]:
    part, product = f"{PART}, {threads} thread{'s' * (threads > 1)}", rate.pop("matrix product")
    against = {name: each / product for name, each in rate.items()}
    int8 = seconds["ONNX Runtime"] / seconds["ONNX Runtime int8"]
    streaming = SLOTS_PER_HOP * cpu["one frame"] + cpu["head"]
    return [
        Figure(part, "operations of a frame, full width, 112x112", operations / 1e9, "GFLOP"),
        Figure(part, f"matrix product of PyTorch, {PRODUCT} x {PRODUCT}", product / 1e9, "GFLOP/s"),
        *(Figure(part, f"{name}, batch {BATCH}", 1000 * seconds[name] / BATCH, "ms a frame") for name in rate),
        Figure(part, "ONNX Runtime against the matrix product", against["ONNX Runtime"], "times", ">= 1.2"),
        *(
            Figure(part, f"ONNX Runtime against {name}", rate["ONNX Runtime"] / rate[name], "times")
            for name in ("PyTorch eager", "torch.compile")
            if name in rate
        ),
        Figure(part, f"int8 against fp32, with {vector_extensions()}", int8, "times", ">= 1.5"),
        Figure(part, "one frame, processor", 1000 * cpu["one frame"], "ms"),
        Figure(part, "window head, processor", 1000 * cpu["head"], "ms"),
        Figure(part, "window head of the encoder's cost per hop", 100 * cpu["head"] / (streaming - cpu["head"]), "%"),
        Figure(
            part,
            "encoding a window anew against streaming",
            (SLOTS * cpu["one frame"] + cpu["head"]) / streaming,
            "times",
            ">= 50",
        ),
    ]
