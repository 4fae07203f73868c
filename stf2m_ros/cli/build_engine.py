"""`ros2 run stf2m_ros build_engine`: builds a bundle's TensorRT engines ahead, and tells what came out.

Runs where the node runs: without PyTorch, and without a running ROS.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, List, Optional

from stf2m_ros.runtime.backends import DLA_CORES, BackendSettings
from stf2m_ros.runtime.build_process import BuildProcess, build_command
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, Bundle, BundleMismatch, load_bundle
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.cuda_buffers import GPU_MEMORY, CudaError, CudaMissing, device_name, load_driver
from stf2m_ros.runtime.engine_building import fingerprints, recipe_of
from stf2m_ros.runtime.engine_cache import EngineCache, default_cache_folder, is_writable
from stf2m_ros.runtime.engine_switch import said
from stf2m_ros.runtime.engine_trial import TOLERANCE, trial_inputs
from stf2m_ros.runtime.fast_engines import FastEngines, NoCachedEngine
from stf2m_ros.runtime.int8_encoder import require_for_tensorrt
from stf2m_ros.runtime.layer_report import described, read_layers
from stf2m_ros.runtime.onnx_engine import EngineLoadError
from stf2m_ros.runtime.tensorrt_api import (
    NO_DLA,
    PRECISIONS,
    DlaRefused,
    TensorRTMissing,
    find_tensorrt,
    require_dla,
    version_of,
)
from stf2m_ros.runtime.tensorrt_builder import build_plan
from stf2m_ros.runtime.tensorrt_engine import EngineRunError, TensorRTEngine
from stf2m_ros.shipped_files import find_bundle

_TELL_EVERY_S = 10.0
_TIMED_RUNS = 30


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when the engines stand, agree with ONNX Runtime and are kept; 1 otherwise; 130 after Ctrl-C."""
    options = parser().parse_args(argv)
    try:
        return _build(options)
    except KeyboardInterrupt:
        print("build_engine: stopped", file=sys.stderr)
        return 130
    except (BundleMismatch, DlaRefused, TensorRTMissing, CudaError, OSError) as error:
        print(f"build_engine: {' '.join(str(error).split())}; nothing was built", file=sys.stderr)
        return 1


def _build(options: argparse.Namespace) -> int:
    bundle, trt = load_bundle(find_bundle(options.bundle)), find_tensorrt()
    require_dla(trt, options.dla, options.precision)
    if options.precision == "int8":
        require_for_tensorrt(bundle)
    try:
        driver = load_driver()
    except CudaMissing as missing:
        return build_for_trial(trt, bundle, options.precision, str(missing))
    device, cache = device_name(driver), EngineCache(options.cache, bundle.card.name)
    print(f"{version_of(trt)} on {device}, bundle {bundle.card.name} {bundle.card.model_version}", flush=True)
    if not is_writable(options.cache):
        return 1
    if not _build_aside(build_command(bundle.folder, options.precision, options.cache, options.dla, options.force)):
        return 1
    wanted = fingerprints(trt, device, bundle.card, options.precision, options.dla)
    return open_and_report(
        lambda: FastEngines(trt, bundle, cache, wanted, driver, options.memory), bundle, options.layers
    )


def build_for_trial(trt: ModuleType, bundle: Bundle, precision: str, missing: str) -> int:
    """What can be done without a GPU: with TensorRT-RTX the graphs are parsed and built, and thrown away. Returns 1."""
    print(f"no engine can be made for this machine: {missing}")
    if "rtx" not in trt.__name__:
        print("not done: anything; TensorRT builds on the GPU that it builds for")
        return 1
    for graph_file, wanted in fingerprints(trt, "no device", bundle.card, precision).items():
        started_s = time.monotonic()
        print(f"{graph_file}: trying whether {version_of(trt)} builds it in {wanted.precision}", flush=True)
        try:
            size = len(build_plan(trt, recipe_of(bundle, graph_file, wanted)))
        except Exception as error:  # a builder without a GPU may raise anything
            print(f"  it does not: {said(error)}")
            return 1
        print(f"  it does: {size // 1024} kB in {time.monotonic() - started_s:.0f} s")
    print("not done, for want of a GPU: keep them, run them, compare them with ONNX Runtime, inspect their layers")
    return 1


def open_and_report(open_fast: Callable[[], FastEngines], bundle: Bundle, every_layer: bool) -> int:
    """Engines that were built may still not run here: that is said in one line too. Returns the exit code."""
    try:
        return report(open_fast(), bundle, every_layer)
    except (CudaError, EngineLoadError, EngineRunError, NoCachedEngine) as error:
        print(f"build_engine: the engines were built, but do not run: {said(error)}", file=sys.stderr)
        return 1


def report(fast: FastEngines, bundle: Bundle, every_layer: bool) -> int:
    """Prints precision per layer, difference and time of both engines, and closes them. Returns the exit code."""
    onnx = open_onnx_engines(bundle)
    print(f"inputs and outputs are {'mapped' if fast.mapped else 'copied'}")
    try:
        found = fast.compare(bundle, {FRAME_ENCODER_FILE: onnx.frame_encoder, WINDOW_HEAD_FILE: onnx.window_head})
        inputs, agrees = trial_inputs(bundle), True
        for graph_file, engine in fast.engines.items():
            precision, worst = fast.precision[graph_file], max(found[graph_file].values())
            agrees = agrees and worst <= TOLERANCE[precision]
            size_kb, median_ms = fast.plan_bytes[graph_file] // 1024, _median_ms(engine, inputs[graph_file])
            print(f"{graph_file}: {precision}, {size_kb} kB, {median_ms:.2f} ms (median of {_TIMED_RUNS})")
            print(f"  largest difference from ONNX Runtime {worst:.2g}, at most {TOLERANCE[precision]:g} is taken")
            _print_layers(_inspected(engine), every_layer)
    finally:
        fast.close()
        onnx.close()
    print("the node will use these engines" if agrees else "the node will not use them: they differ too much")
    return 0 if agrees else 1


def _build_aside(command: List[str]) -> bool:
    build, told, outcome = BuildProcess(command), 0, None
    try:
        while outcome is None:
            outcome = build.wait(_TELL_EVERY_S)
            lines = build.said()
            for line in lines[told:]:
                print(f"  {line}", flush=True)
            if outcome is None and len(lines) == told:
                print(f"  still building, {build.elapsed_s:.0f} s", flush=True)
            told = len(lines)
    finally:
        build.stop()
    if outcome.failure:
        print(f"build_engine: {outcome.failure}", file=sys.stderr)
    return not outcome.failure


def _median_ms(engine: Any, inputs: Any) -> float:
    times_ms = []
    for _ in range(_TIMED_RUNS):
        started_s = time.perf_counter()
        engine.run(inputs)
        times_ms.append(1000 * (time.perf_counter() - started_s))
    return statistics.median(times_ms)


def _inspected(engine: TensorRTEngine) -> str:
    """An engine that runs is good, whatever its inspector does; that of some versions was never tried."""
    try:
        return engine.inspect()
    except Exception as error:
        print(f"  the inspector does not answer: {said(error)}")
        return ""


def _print_layers(inspected: str, every_layer: bool) -> None:
    layers = read_layers(inspected)
    if not layers:
        print("  the inspector tells nothing of its layers")
        return
    print(f"  layers as built: {described(layers)}")
    for layer in layers if every_layer else []:
        print(f"    {layer.precision:>10}  {layer.name}{' (DLA)' if layer.on_dla else ''}")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="build_engine", description="Build a bundle's TensorRT engines ahead.")
    made.add_argument("--bundle", required=True, help="a folder such as ./NAME, or an installed model")
    made.add_argument("--precision", choices=PRECISIONS, default=BackendSettings.precision, help="default %(default)s")
    made.add_argument(
        "--dla",
        type=int,
        choices=[core for core in DLA_CORES if core != NO_DLA],
        default=NO_DLA,
        help="core of the DLA that runs the frame encoder, in fp16 or int8; without it the GPU does",
    )
    made.add_argument("--cache", type=Path, default=default_cache_folder(), help="where engines are kept (%(default)s)")
    made.add_argument(
        "--memory", choices=GPU_MEMORY, default=BackendSettings.gpu_memory, help="to compare, default %(default)s"
    )
    made.add_argument("--force", action="store_true", help="build also what is kept already")
    made.add_argument("--layers", action="store_true", help="list every layer, not only how many of which precision")
    return made


if __name__ == "__main__":
    sys.exit(main())
