"""`ros2 run stf2m_ros benchmark`: what this machine does with a bundle, as a table, as JSON and as a picture.

Runs where the node runs: without PyTorch, and without a running ROS. Also: python -m stf2m_ros.cli.benchmark
"""

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import List, Optional

from stf2m_ros.cli.benchmark_gpu import open_gpu_engines
from stf2m_ros.cli.benchmark_picture import PictureMissing, draw
from stf2m_ros.cli.benchmark_runs import BATCHES, Measurement, Row, measure_backend
from stf2m_ros.cli.device_report import NotReported, gpu_memory_mb, machine_name, power_mode
from stf2m_ros.runtime.bundle import BundleMismatch, load_bundle
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.engine_cache import default_cache_folder
from stf2m_ros.runtime.tensorrt_api import NO_DLA, PRECISIONS
from stf2m_ros.shipped_files import find_bundle

DEFAULT_BUNDLE = "generated_faces"
DEFAULT_OUT = Path("out/benchmark")
MOST_THREADS = 64


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when something was measured; 1 when the bundle does not load or the results cannot be kept."""
    options = _parser().parse_args(argv)
    try:
        measurements = _measure(options)
        rows = [*_machine(), *(row for each in measurements for row in each.rows)]
        print(table(rows))
        busy = _busy()
        if busy:
            print(busy)
        _keep(options, rows, measurements, busy)
    except (BundleMismatch, OSError) as error:
        print(f"benchmark: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmark: stopped", file=sys.stderr)
        return 130
    return 0


def table(rows: List[Row]) -> str:
    """For people; what is not reported says why."""
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("part", "name")]
    return "\n".join(f"{row.part:<{widths[0]}}  {row.name:<{widths[1]}}  {row.said}" for row in rows)


def _measure(options: argparse.Namespace) -> List[Measurement]:
    bundle = load_bundle(find_bundle(options.bundle))
    print(f"bundle {bundle.card.name} {bundle.card.model_version}, about {_duration_s(options):.0f} s", flush=True)
    engines = open_onnx_engines(bundle, options.threads)
    try:
        part = f"ONNX Runtime, {options.threads} thread{'s' * (options.threads > 1)}"
        measurements = [measure_backend(part, bundle, engines.frame_encoder, engines.window_head, options.seconds)]
    finally:
        engines.close()
    gpu = open_gpu_engines(bundle, options.precision, options.cache, options.dla)
    if isinstance(gpu, NotReported):
        return [*measurements, Measurement([Row("TensorRT", "not measured", gpu)], {}, [])]
    try:
        part = f"TensorRT, {options.precision}" + (f", DLA {options.dla}" if options.dla != NO_DLA else "")
        measurements.append(measure_backend(part, bundle, gpu.frame_encoder, gpu.window_head, options.seconds))
    finally:
        gpu.close()
    return measurements


def _duration_s(options: argparse.Namespace) -> float:
    return (len(BATCHES) + 2) * options.seconds


def _machine() -> List[Row]:
    return [
        Row("machine", "model", machine_name()),
        Row("machine", "processors", os.cpu_count() or 0),
        Row("machine", "power mode", power_mode()),
        Row("machine", "GPU memory in use", gpu_memory_mb(), "MB"),
    ]


def _busy() -> str:
    """One line where other work disturbed the times; empty on a quiet machine."""
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load <= processors + 0.5:
        return ""
    return f"the machine was busy with other work (load {load:.1f} on {processors} processors): do not trust the times"


def _keep(options: argparse.Namespace, rows: List[Row], measurements: List[Measurement], busy: str) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    content = {
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "bundle": options.bundle,
        "busy": busy,
        "figures": [row.to_plain() for row in rows],
    }
    path = options.out / "benchmark.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"figures in {path}")
    try:
        print(f"picture in {draw([each for each in measurements if each.frames_per_s], options.out)}")
    except PictureMissing as missing:
        print(f"no picture: {missing}")


def _threads(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_THREADS:
        raise argparse.ArgumentTypeError(f"expected 1 to {MOST_THREADS}, found {text}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {text}")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmark", description="What this machine does with a bundle.")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="a folder such as ./NAME, or an installed model")
    parser.add_argument("--threads", type=_threads, default=1, help="processor cores of one run of ONNX Runtime")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="fp16", help="of the TensorRT engines that build_engine left"
    )
    parser.add_argument("--dla", type=int, default=NO_DLA, help="core of the DLA that they were built for")
    parser.add_argument("--cache", type=Path, default=default_cache_folder(), help="where engines are kept")
    parser.add_argument("--seconds", type=_seconds, default=3.0, help="for each figure (default %(default)s)")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder of JSON and picture (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
