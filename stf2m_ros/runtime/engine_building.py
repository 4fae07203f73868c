"""Builds the TensorRT engines of a bundle into the cache. As a program of its own it is what the node runs aside:

    python -m stf2m_ros.runtime.engine_building --bundle FOLDER --precision fp16 --cache FOLDER [--dla 0] [--force]

A process of its own, because a build takes minutes and gigabytes, may crash, and makes CUDA things of its own.
"""

import argparse
import fcntl
import logging
import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Dict, Iterator, List, Optional

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, Bundle, BundleMismatch, load_bundle
from stf2m_ros.runtime.bundle_engines import frame_encoder_shapes, window_head_shapes
from stf2m_ros.runtime.card import BundleCard
from stf2m_ros.runtime.cuda_buffers import CudaError, device_name
from stf2m_ros.runtime.engine_cache import EngineCache, Fingerprint, NoEngine
from stf2m_ros.runtime.folded_graph import GraphFoldError
from stf2m_ros.runtime.int8_encoder import FRAME_ENCODER_TENSORRT_INT8_FILE, tensorrt_ranges
from stf2m_ros.runtime.onnx_engine import EngineLoadError, Shape
from stf2m_ros.runtime.tensorrt_api import (
    NO_DLA,
    PRECISIONS,
    DlaRefused,
    TensorRTMissing,
    find_tensorrt,
    precision_built,
    version_of,
)
from stf2m_ros.runtime.tensorrt_builder import MAX_BATCH, RECIPE, EngineBuildError, Recipe, build_plan

_EXPECTED = (
    *(BundleMismatch, TensorRTMissing, DlaRefused, CudaError),
    *(EngineBuildError, EngineLoadError, GraphFoldError, OSError),
)
_LOG = logging.getLogger(__name__)


def graph_inputs(card: BundleCard) -> Dict[str, Dict[str, Shape]]:
    """File of each graph -> its inputs."""
    return {FRAME_ENCODER_FILE: frame_encoder_shapes(card)[0], WINDOW_HEAD_FILE: window_head_shapes(card)[0]}


def fingerprints(
    trt: ModuleType, device: str, card: BundleCard, requested: str, dla: int = NO_DLA
) -> Dict[str, Fingerprint]:
    """File of each graph -> the engine that this machine needs of it when this precision is requested.

    dla: the core that runs the frame encoder; the window head, 60 small steps, is never for a DLA.
    """
    quantised, wanted = FRAME_ENCODER_TENSORRT_INT8_FILE in card.files, {}
    for graph_file in (FRAME_ENCODER_FILE, WINDOW_HEAD_FILE):
        precision = precision_built(trt, graph_file, requested, quantised)
        on_dla = dla != NO_DLA and graph_file == FRAME_ENCODER_FILE
        wanted[graph_file] = Fingerprint(
            onnx_sha256=card.files[FRAME_ENCODER_TENSORRT_INT8_FILE if precision == "int8" else graph_file],
            tensorrt=version_of(trt),
            device=device,
            precision=precision,
            max_batch=1 if on_dla else MAX_BATCH,  # a DLA takes one size only, and live faces come one by one
            recipe=RECIPE,
            dla=dla if on_dla else NO_DLA,
        )
    return wanted


def recipe_of(bundle: Bundle, graph_file: str, wanted: Fingerprint) -> Recipe:
    """How to build an engine of this fingerprint. Raises BundleMismatch where the int8 graph is another encoder's."""
    int8, on_dla = wanted.precision == "int8", wanted.dla != NO_DLA
    ranges = tensorrt_ranges(bundle) if int8 else {}
    path = bundle.path(FRAME_ENCODER_TENSORRT_INT8_FILE if int8 and not on_dla else graph_file)
    shapes = graph_inputs(bundle.card)[graph_file]
    return Recipe(path, shapes, wanted.precision, wanted.max_batch, wanted.dla, ranges if on_dla else {})


def build_missing(
    trt: ModuleType, wanted: Dict[str, Fingerprint], bundle: Bundle, cache: EngineCache, force: bool = False
) -> None:
    """Builds what the cache does not hold. Raises EngineBuildError, GraphFoldError, BundleMismatch, OSError."""
    for graph_file, fingerprint in wanted.items():
        found = cache.read(graph_file, fingerprint)
        if not isinstance(found, NoEngine) and not force:
            place = cache.place(graph_file, fingerprint.precision, fingerprint.dla)
            _LOG.info("%s: the engine in %s fits", graph_file, place)
            continue
        _LOG.info("%s: building, %s", graph_file, found.reason if isinstance(found, NoEngine) else "as was asked for")
        started_s = time.monotonic()
        plan = build_plan(trt, recipe_of(bundle, graph_file, fingerprint))
        elapsed_s = time.monotonic() - started_s
        cache.write(graph_file, fingerprint, plan)
        _LOG.info("%s: built %s in %.0f s, %d kB", graph_file, fingerprint.precision, elapsed_s, len(plan) // 1024)


@contextmanager
def only_builder(cache: EngineCache) -> Iterator[None]:
    """Waits for whoever builds the same engines, as a node that was killed leaves its builder running."""
    cache.folder.mkdir(parents=True, exist_ok=True)
    with open(str(cache.folder / "lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _LOG.info("waiting for another builder of the same engines")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when the engines stand in the cache; else the last line says why not."""
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches us too: end without a traceback
    os.nice(10)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        bundle, trt = load_bundle(options.bundle), find_tensorrt()
        wanted = fingerprints(trt, device_name(), bundle.card, options.precision, options.dla)
        cache = EngineCache(options.cache, bundle.card.name)
        with only_builder(cache):
            build_missing(trt, wanted, bundle, cache, options.force)
    except _EXPECTED as error:
        print(" ".join(str(error).split()), flush=True)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="engine_building", description="Build TensorRT engines into the cache.")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--precision", choices=PRECISIONS, required=True)
    parser.add_argument("--dla", type=int, default=NO_DLA, help="core of the DLA for the frame encoder")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--force", action="store_true", help="build also what the cache holds already")
    return parser


if __name__ == "__main__":
    sys.exit(main())
