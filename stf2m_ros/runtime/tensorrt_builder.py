"""From a bundle's ONNX to a serialised TensorRT engine for the machine it runs on. No torch; see folded_graph.py."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator, Mapping

from stf2m_ros.runtime.folded_graph import fold_constants
from stf2m_ros.runtime.half_graph import to_half
from stf2m_ros.runtime.onnx_engine import Shape
from stf2m_ros.runtime.tensorrt_api import NO_DLA, has_flag, has_precision_flags, last_error_of, logger_of, require_dla

MAX_BATCH = 8
"""Faces that one run of the frame encoder may take: enough to catch up after a stall."""
RECIPE = 2
"""Raise it when anything here or in the graph's preparation changes: engines built before are then rebuilt."""
_WORKSPACE_BYTES = 256 << 20
_LOG = logging.getLogger(__name__)


class EngineBuildError(RuntimeError):
    """TensorRT could not build an engine; one line with what it said."""


@dataclass(frozen=True)
class Recipe:
    """What to build from which graph.

    precision: what tensorrt_api.precision_built said. onnx_path: with int8 the graph with Q/DQ nodes, already folded;
    but for a DLA, which takes no such nodes, always the float32 one. ranges: of its tensors, for int8 on a DLA.
    """

    onnx_path: Path
    input_shapes: Mapping[str, Shape]  # as the graph takes them; a named first size runs from 1 to max_batch
    precision: str
    max_batch: int = MAX_BATCH
    dla: int = NO_DLA
    ranges: Mapping[str, float] = field(default_factory=dict)

    @property
    def has_quantised_nodes(self) -> bool:
        return self.precision == "int8" and self.dla == NO_DLA


def build_plan(trt: ModuleType, recipe: Recipe) -> bytes:
    """Builds one graph and returns the serialised engine. Takes seconds to many minutes.

    Raises EngineBuildError, GraphFoldError, DlaRefused.
    """
    require_dla(trt, recipe.dla, recipe.precision)
    typed = recipe.precision != "fp32" and not has_precision_flags(trt)
    builder = trt.Builder(logger_of(trt))
    if recipe.dla != NO_DLA and recipe.dla >= builder.num_DLA_cores:
        raise EngineBuildError(f"dla: expected a core below {builder.num_DLA_cores}, found {recipe.dla}")
    network = builder.create_network(_network_flags(trt, typed))
    _parse(trt, network, _graph(recipe, typed), recipe.onnx_path)
    where = f" for core {recipe.dla} of the DLA" if recipe.dla != NO_DLA else ""
    _LOG.info("%s: %d layers parsed, building %s%s", recipe.onnx_path.name, network.num_layers, recipe.precision, where)
    config = _configure(trt, builder, recipe, typed)
    config.add_optimization_profile(_profile(builder, recipe))
    if recipe.precision == "int8" and recipe.dla != NO_DLA:
        _set_ranges(network, recipe.ranges)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineBuildError(f"{recipe.onnx_path}: TensorRT does not build it: {last_error_of(trt)}")
    return bytes(plan)


def _graph(recipe: Recipe, typed: bool) -> bytes:
    if recipe.has_quantised_nodes:
        # It was folded before it was quantised. Folding again would quantise the biases, which TensorRT does not read.
        return recipe.onnx_path.read_bytes()
    graph = fold_constants(recipe.onnx_path)
    return to_half(graph) if typed and recipe.precision == "fp16" else graph


def _network_flags(trt: ModuleType, typed: bool) -> int:
    names = ["EXPLICIT_BATCH"] + (["STRONGLY_TYPED"] if typed else [])
    flags = trt.NetworkDefinitionCreationFlag
    return sum(1 << int(getattr(flags, name)) for name in names if hasattr(flags, name))


def _parse(trt: ModuleType, network: Any, graph: bytes, path: Path) -> None:
    parser = trt.OnnxParser(network, logger_of(trt))
    if not parser.parse(graph):
        errors = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise EngineBuildError(f"{path}: TensorRT does not read it: {' '.join(errors.split())}")


def _configure(trt: ModuleType, builder: Any, recipe: Recipe, typed: bool) -> Any:
    config, flags = builder.create_builder_config(), trt.BuilderFlag
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, _WORKSPACE_BYTES)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # the inspector tells precisions only then
    if recipe.precision == "fp32" and has_flag(trt, "BuilderFlag", "TF32"):
        config.clear_flag(flags.TF32)  # on by default, and 13 bits shorter than float32
    if recipe.precision != "fp32" and not typed:
        config.set_flag(flags.FP16)
    if recipe.precision == "int8" and not typed:
        config.set_flag(flags.INT8)
    if recipe.dla != NO_DLA:
        config.default_device_type = trt.DeviceType.DLA
        config.DLA_core = recipe.dla
        config.set_flag(flags.GPU_FALLBACK)  # normalising the picture and the projection are not for a DLA
    return config


def _profile(builder: Any, recipe: Recipe) -> Any:
    profile = builder.create_optimization_profile()
    for name, shape in recipe.input_shapes.items():
        if not isinstance(shape[0], int):
            one, many = (1, *shape[1:]), (recipe.max_batch, *shape[1:])
            profile.set_shape(name, one, one, many)  # live, faces come one by one
    return profile


def _set_ranges(network: Any, ranges: Mapping[str, float]) -> None:
    """Tells each tensor's range. A DLA computes in int8 only where it knows them; elsewhere in fp16."""
    known = [tensor for tensor in _tensors(network) if tensor.name in ranges]
    if not known:
        raise EngineBuildError("expected ranges of the graph's tensors for int8, found none; quantise the bundle again")
    for tensor in known:
        tensor.set_dynamic_range(-ranges[tensor.name], ranges[tensor.name])
    _LOG.info("ranges of %d tensors told", len(known))


def _tensors(network: Any) -> Iterator[Any]:
    for index in range(network.num_inputs):
        yield network.get_input(index)
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        for number in range(layer.num_outputs):
            yield layer.get_output(number)
