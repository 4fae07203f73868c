"""From a bundle's ONNX to a serialised TensorRT engine for the machine it runs on. No torch; see folded_graph.py."""

import logging
from pathlib import Path
from types import ModuleType
from typing import Any, Mapping, Union

from stf2m_ros.runtime.folded_graph import fold_constants
from stf2m_ros.runtime.half_graph import to_half
from stf2m_ros.runtime.onnx_engine import Shape
from stf2m_ros.runtime.tensorrt_api import has_flag, last_error_of, logger_of

MAX_BATCH = 8
"""Faces that one run of the frame encoder may take: enough to catch up after a stall."""
RECIPE = 1
"""Raise it when anything here or in the graph's preparation changes: engines built before are then rebuilt."""
_WORKSPACE_BYTES = 256 << 20
_LOG = logging.getLogger(__name__)


class EngineBuildError(RuntimeError):
    """TensorRT could not build an engine; one line with what it said."""


def build_plan(
    trt: ModuleType, onnx_path: Union[str, Path], input_shapes: Mapping[str, Shape], precision: str
) -> bytes:
    """Builds one graph and returns the serialised engine. Takes seconds to many minutes.

    input_shapes: as the graph takes them, a named first size runs from 1 to MAX_BATCH. precision: what
    tensorrt_api.precision_built said. Raises EngineBuildError, GraphFoldError.
    """
    typed = precision == "fp16" and not has_flag(trt, "BuilderFlag", "FP16")
    graph = fold_constants(onnx_path)
    builder = trt.Builder(logger_of(trt))
    network = builder.create_network(_network_flags(trt, typed))
    _parse(trt, network, to_half(graph) if typed else graph, onnx_path)
    _LOG.info("%s: %d layers parsed, building %s", Path(onnx_path).name, network.num_layers, precision)
    config = _configure(trt, builder, precision, typed)
    config.add_optimization_profile(_profile(builder, input_shapes))
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineBuildError(f"{onnx_path}: TensorRT does not build it: {last_error_of(trt)}")
    return bytes(plan)


def _network_flags(trt: ModuleType, typed: bool) -> int:
    names = ["EXPLICIT_BATCH"] + (["STRONGLY_TYPED"] if typed else [])
    flags = trt.NetworkDefinitionCreationFlag
    return sum(1 << int(getattr(flags, name)) for name in names if hasattr(flags, name))


def _parse(trt: ModuleType, network: Any, graph: bytes, path: Union[str, Path]) -> None:
    parser = trt.OnnxParser(network, logger_of(trt))
    if not parser.parse(graph):
        errors = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise EngineBuildError(f"{path}: TensorRT does not read it: {' '.join(errors.split())}")


def _configure(trt: ModuleType, builder: Any, precision: str, typed: bool) -> Any:
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, _WORKSPACE_BYTES)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # the inspector tells precisions only then
    if precision == "fp16" and not typed:
        config.set_flag(trt.BuilderFlag.FP16)
    elif precision == "fp32" and has_flag(trt, "BuilderFlag", "TF32"):
        config.clear_flag(trt.BuilderFlag.TF32)  # on by default, and 13 bits shorter than float32
    return config


def _profile(builder: Any, input_shapes: Mapping[str, Shape]) -> Any:
    profile = builder.create_optimization_profile()
    for name, shape in input_shapes.items():
        if not isinstance(shape[0], int):
            one, many = (1, *shape[1:]), (MAX_BATCH, *shape[1:])
            profile.set_shape(name, one, one, many)  # live, faces come one by one
    return profile
