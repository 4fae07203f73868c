"""PyTorch's own speed on a GPU, which TensorRT is held against: encoder by batch, window head; written, never run yet.

python bench/torch_on_gpu.py [--out FOLDER] [--seconds 80]

The device's limit is taken from the device: a large matrix product in the same type gives operations a second, a copy
of a large tensor gives bytes a second; an encoder can be no faster than either allows. What fails is said, and the
rest goes on; the figures are kept after every step, and a step that would begin too late is left out.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import Callable, Dict, List, Tuple

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]
import torch  # noqa: E402
from measuring.figures import Figure, table, write_json  # noqa: E402
from measuring.operations import FULL_WIDTH, SIZE_PX, operations_of  # noqa: E402

from stf2m_ros.export.to_onnx import head_example, shippable  # noqa: E402
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig  # noqa: E402
from stf2m_ros.net.fuzzy_layer import RuleTensors  # noqa: E402
from stf2m_ros.net.stf2m import HeadInputs, WindowHead, WindowHeadConfig  # noqa: E402
from stf2m_ros.stream.settings import WindowGrid  # noqa: E402

BATCHES = (1, 8, 2, 4, 32, 128)  # the robot's own first
COMPILED = (1, 8)  # each is compiled anew, which takes tens of seconds
PRODUCT = 8192
COPIED_BYTES = 1 << 28  # more than any cache, and little beside the memory of the smallest Jetson
RUNS = 30

Run = Callable[[], object]
Step = Tuple[str, Callable[[], List[Figure]]]


def main() -> int:
    options = _options()
    if not torch.cuda.is_available():
        print(f"PyTorch {torch.__version__} sees no GPU: it is a build without CUDA, or there is no driver")
        return 1
    until_s, figures, failed = time.monotonic() + options.seconds, [], []
    with torch.no_grad():
        for name, step in _steps():
            if time.monotonic() > until_s:
                failed.append(f"{name}: left out, the time is over")
                continue
            try:
                figures += step()
            except Exception as error:  # a compiler that is missing, memory, an operator: no common base
                failed.append(f"{name}: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
            write_json(options.out / "torch_on_gpu.json", figures, torch.cuda.get_device_name())
    print(table(figures))
    for line in failed:
        print(f"not measured: {line}")
    return 0 if figures else 1


def seconds_of(run: Run) -> float:
    """Median seconds of the device for one run."""
    for _ in range(3):
        run()
    times_ms = []
    for _ in range(RUNS):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times_ms.append(begin.elapsed_time(end))
    return sorted(times_ms)[RUNS // 2] / 1000


def encoder_on(device: str, dtype: torch.dtype, width: int = FULL_WIDTH) -> Tuple[torch.nn.Module, int]:
    """The encoder as it is shipped, with random weights, and its operations for one face."""
    torch.manual_seed(0)
    encoder = shippable(FrameEncoder(FrameEncoderConfig(width)).eval())
    operations = operations_of(encoder)
    return encoder.to(device, dtype).to(memory_format=torch.channels_last), operations


def faces_on(device: str, dtype: torch.dtype, batch: int) -> torch.Tensor:
    faces = torch.randn(batch, 3, SIZE_PX, SIZE_PX, device=device).to(dtype)
    return faces.to(memory_format=torch.channels_last)


def head_on(device: str) -> Run:
    """One run of the window head, on an empty window without rules: its time hangs on neither."""
    head, grid = WindowHead(WindowHeadConfig()).eval(), WindowGrid()
    flat = [each.to(device) for each in head_example(head, grid, 64)]
    arguments = HeadInputs(*flat[:4]), RuleTensors(*flat[4:9]), flat[9] + 0.4, flat[10]
    head = head.to(device)
    return lambda: head(*arguments)


def _steps() -> List[Step]:
    """In the order of what matters most, should the time not be enough."""
    limits: Dict[str, float] = {}
    encoder, operations = encoder_on("cuda", torch.half)
    weights = sum(each.numel() for each in encoder.parameters())

    def measured(batch: int, name: str, made: Callable[[torch.Tensor], Run]) -> List[Figure]:
        faces = faces_on("cuda", torch.half, batch)
        seconds, part = seconds_of(made(faces)), f"encoder, fp16, batch {batch}"
        figures = [Figure(part, name, batch / seconds, "frames/s")]
        if limits:
            # At least the weights and the faces are read once; what lies between may stay in the caches.
            bytes_s = 2 * (weights + faces.numel()) / limits["bytes"]
            limit_s = max(batch * operations / limits["operations"], bytes_s)
            figures.append(Figure(part, f"{name}, of the device's limit", 100 * limit_s / seconds, "%"))
        return figures

    def step(batch: int, name: str, made: Callable[[torch.Tensor], Run]) -> Step:
        return f"encoder, batch {batch}, {name}", lambda: measured(batch, name, made)

    def eager(faces: torch.Tensor) -> Run:
        return lambda: encoder(faces)

    return [
        ("the device's limits", lambda: _limits(limits)),
        *(step(batch, "eager", eager) for batch in BATCHES),
        *(step(batch, "CUDA graph", lambda faces: _graph(eager(faces))) for batch in BATCHES),
        ("window head, eager", lambda: _head("eager", head_on("cuda"))),
        ("window head, CUDA graph", lambda: _head("CUDA graph", _graph(head_on("cuda")))),
        *(step(batch, "torch.compile", lambda faces: _compiled(encoder, faces)) for batch in COMPILED),
    ]


def _limits(found: Dict[str, float]) -> List[Figure]:
    one, other = (torch.randn(PRODUCT, PRODUCT, device="cuda").half() for _ in range(2))
    operations = 2 * PRODUCT**3 / seconds_of(lambda: one @ other)
    source = torch.empty(COPIED_BYTES // 4, device="cuda")
    target = torch.empty_like(source)
    bandwidth = 2 * COPIED_BYTES / seconds_of(lambda: target.copy_(source))  # read and written
    found.update({"operations": operations, "bytes": bandwidth})
    return [
        Figure("device", f"fp16 matrix product, {PRODUCT} x {PRODUCT}", operations / 1e12, "TFLOP/s"),
        Figure("device", "copying", bandwidth / 1e9, "GB/s"),
    ]


def _head(name: str, run: Run) -> List[Figure]:
    wanted = "<= 1" if name == "CUDA graph" else ""
    return [Figure("window head, fp32", name, 1000 * seconds_of(run), "ms", wanted)]


def _compiled(encoder: torch.nn.Module, faces: torch.Tensor) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = torch.compile(encoder, dynamic=False)
        compiled(faces)
    return lambda: compiled(faces)


def _graph(run: Run) -> Run:
    """The same work recorded once and replayed: without the time to call each kernel."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kept = run()

    def replay(kept: object = kept) -> None:  # what was recorded writes there
        graph.replay()

    return replay


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=REPOSITORY / "out" / "bench_gpu")
    parser.add_argument("--seconds", type=float, default=80.0, help="after which no further step begins")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
