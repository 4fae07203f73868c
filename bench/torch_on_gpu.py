"""PyTorch's own speed on a GPU, which TensorRT is held against: encoder by batch, window head; written, never run yet.

python bench/torch_on_gpu.py [--out FOLDER]

The device's limit is taken from the device: a large matrix product in the same type gives operations a second, a copy
of a large tensor gives bytes a second; an encoder can be no faster than either allows.
"""

import argparse
import sys
import warnings
from pathlib import Path
from typing import Callable, Dict, List

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]
import torch  # noqa: E402
from measuring.figures import Figure, table, write_json  # noqa: E402
from measuring.network_part import FULL_WIDTH, SIZE_PX, operations_of  # noqa: E402

from stf2m_ros.export.to_onnx import head_example, shippable  # noqa: E402
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig  # noqa: E402
from stf2m_ros.net.fuzzy_layer import RuleTensors  # noqa: E402
from stf2m_ros.net.stf2m import HeadInputs, WindowHead, WindowHeadConfig  # noqa: E402
from stf2m_ros.stream.settings import WindowGrid  # noqa: E402

BATCHES = (1, 2, 4, 8, 32, 128)
PRODUCT = 8192
COPIED_BYTES = 1 << 30
RUNS = 30


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=REPOSITORY / "out" / "bench_gpu")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print(f"PyTorch {torch.__version__} sees no GPU: it is a build without CUDA, or there is no driver")
        return 1
    with torch.no_grad():
        figures = [*_encoder(), *_head()]
    print(table(figures))
    write_json(options.out / "torch_on_gpu.json", figures, torch.cuda.get_device_name())
    return 0


def seconds_of(run: Callable[[], object]) -> float:
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


def _encoder() -> List[Figure]:
    torch.manual_seed(0)
    encoder = shippable(FrameEncoder(FrameEncoderConfig(FULL_WIDTH)).eval())
    operations, weights = operations_of(encoder), sum(p.numel() for p in encoder.parameters())
    encoder = encoder.half().cuda().to(memory_format=torch.channels_last)
    rate, bandwidth = _products_a_second(), _bytes_a_second()
    figures = [
        Figure("device", f"fp16 matrix product, {PRODUCT} x {PRODUCT}", rate / 1e12, "TFLOP/s"),
        Figure("device", "copying", bandwidth / 1e9, "GB/s"),
    ]
    for batch in BATCHES:
        faces = torch.randn(batch, 3, SIZE_PX, SIZE_PX, device="cuda").half().to(memory_format=torch.channels_last)
        # At least the weights and the faces are read once; what lies between may stay in the caches.
        limit_s = max(batch * operations / rate, 2 * (weights + faces.numel()) / bandwidth)
        for name, run in _ways(encoder, faces).items():
            seconds = seconds_of(run)
            part = f"encoder, fp16, batch {batch}"
            figures.append(Figure(part, name, batch / seconds, "frames/s"))
            figures.append(Figure(part, f"{name}, of the device's limit", 100 * limit_s / seconds, "%"))
    return figures


def _head() -> List[Figure]:
    head, grid = WindowHead(WindowHeadConfig()).eval().cuda(), WindowGrid()
    flat = [each.cuda() for each in head_example(head, grid, 64)]
    arguments = HeadInputs(*flat[:4]), RuleTensors(*flat[4:9]), flat[9] + 0.4, flat[10]
    ways = {"eager": lambda: head(*arguments)}
    try:
        ways["CUDA graph"] = _graph(ways["eager"])
    except RuntimeError as error:  # a copy from ordinary memory within the forward pass cannot be recorded
        print(f"the window head cannot be recorded as a CUDA graph: {' '.join(str(error).split())[:160]}")
    return [
        Figure("window head, fp32", name, 1000 * seconds_of(run), "ms", "<= 1" if name == "CUDA graph" else "")
        for name, run in ways.items()
    ]


def _ways(encoder: torch.nn.Module, faces: torch.Tensor) -> Dict[str, Callable[[], object]]:
    ways: Dict[str, Callable[[], object]] = {"eager": lambda: encoder(faces)}
    ways["CUDA graph"] = _graph(ways["eager"])
    if faces.shape[0] in (1, 8):  # each batch is compiled anew
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = torch.compile(encoder)
            compiled(faces)
        ways["torch.compile"] = lambda: compiled(faces)
    return ways


def _graph(run: Callable[[], object]) -> Callable[[], object]:
    """The same work recorded once and replayed: without the time to call each kernel."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def _products_a_second() -> float:
    one, other = (torch.randn(PRODUCT, PRODUCT, device="cuda").half() for _ in range(2))
    return 2 * PRODUCT**3 / seconds_of(lambda: one @ other)


def _bytes_a_second() -> float:
    source = torch.empty(COPIED_BYTES // 4, device="cuda")
    target = torch.empty_like(source)
    return 2 * COPIED_BYTES / seconds_of(lambda: target.copy_(source))  # read and written


if __name__ == "__main__":
    sys.exit(main())
