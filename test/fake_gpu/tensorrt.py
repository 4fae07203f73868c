"""Stands for the module tensorrt: its names and its builder. A plan is a head and the graph."""

import enum
from types import SimpleNamespace
from typing import Any, Optional

from fake_gpu.driver import FakeDriver
from fake_gpu.engine import ON_DLA, PLAN_HEAD, FakeRuntime, TensorIOMode
from fake_gpu.network import FakeNetwork, FakeParser


class Severity(enum.Enum):
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)


def fake_tensorrt(
    driver: FakeDriver,
    version: str = "8.5.2.2",
    fp16_flag: bool = True,
    skew: float = 0.0,
    refuses: str = "",
    dla_cores: int = 0,
) -> Any:
    """Stands for the module tensorrt. skew: added to every output, as by a wrong engine. refuses: a step that fails.

    fp16_flag: whether it has the flags of precision, as 8.5 to 10 have.
    """

    class ILogger:
        Severity = Severity

    flags = {"TF32": 1, "GPU_FALLBACK": 4, **({"FP16": 2, "INT8": 3} if fp16_flag else {})}
    trt = SimpleNamespace(
        __name__=f"tensorrt_{version}_{id(driver)}",
        __version__=version,
        ILogger=ILogger,
        float32="float32",
        TensorIOMode=TensorIOMode,
        BuilderFlag=SimpleNamespace(**flags),
        NetworkDefinitionCreationFlag=SimpleNamespace(
            **({"EXPLICIT_BATCH": 0} if fp16_flag else {"STRONGLY_TYPED": 1})
        ),
        MemoryPoolType=SimpleNamespace(WORKSPACE="workspace"),
        ProfilingVerbosity=SimpleNamespace(DETAILED="detailed"),
        LayerInformationFormat=SimpleNamespace(JSON="json"),
        DeviceType=SimpleNamespace(GPU="GPU", DLA="DLA"),
        driver=driver,
        dla_cores=dla_cores,
        skew=skew,
        refuses=refuses,
        builds=[],  # one line per engine built
    )
    trt.Builder = lambda logger: FakeBuilder(trt, logger)
    trt.OnnxParser = lambda network, logger: FakeParser(trt, network, logger)
    trt.Runtime = lambda logger: FakeRuntime(trt, logger)
    return trt


class FakeBuilder:
    def __init__(self, trt: Any, logger: Any) -> None:
        self._trt, self._logger = trt, logger

    def create_network(self, flags: int) -> Any:
        return FakeNetwork(flags)

    @property
    def num_DLA_cores(self) -> int:  # noqa: N802  TensorRT's name
        return self._trt.dla_cores

    def create_builder_config(self) -> Any:
        config = SimpleNamespace(set={"TF32"}, profiles=[], set_memory_pool_limit=lambda pool, size: None)
        config.default_device_type, config.DLA_core = self._trt.DeviceType.GPU, -1
        names = {value: name for name, value in vars(self._trt.BuilderFlag).items()}
        config.set_flag = lambda flag: config.set.add(names[flag])
        config.clear_flag = lambda flag: config.set.discard(names[flag])
        config.add_optimization_profile = config.profiles.append
        return config

    def create_optimization_profile(self) -> Any:
        profile = SimpleNamespace(shapes={})
        profile.set_shape = lambda name, *shapes: profile.shapes.update({name: shapes})
        return profile

    def build_serialized_network(self, network: Any, config: Any) -> Optional[bytes]:
        on_dla = config.default_device_type == self._trt.DeviceType.DLA
        error = "out of memory while timing tactics" if self._trt.refuses == "build" else ""
        error = error or _error_of_int8(network, config, bool(self._trt_flag("INT8")), on_dla)
        error = error or (_error_of_dla(network, config) if on_dla else "")
        if error:
            self._logger.log(Severity.ERROR, error)
            return None
        where = f" DLA {config.DLA_core}" if on_dla else ""
        ranges = f" ranges {len(network.ranges)}" if network.ranges else ""
        self._trt.builds.append(f"flags {sorted(config.set)} network {network.flags}{where}{ranges}")
        return PLAN_HEAD + self._trt.__version__.encode() + (ON_DLA if on_dla else b"") + b"\n" + network.graph

    def _trt_flag(self, name: str) -> int:
        return getattr(self._trt.BuilderFlag, name, 0)


def _error_of_int8(network: FakeNetwork, config: Any, has_flag: bool, on_dla: bool) -> str:
    if network.has_quantised_nodes and on_dla:
        return "Q/DQ nodes are not supported on a DLA"
    if network.has_quantised_nodes and has_flag and "INT8" not in config.set:
        return "the network has Q/DQ nodes, but the flag INT8 is not set"
    if network.has_quantised_nodes and not has_flag and not network.flags & 2:
        return "a network with Q/DQ nodes is not strongly typed"
    if network.ranges and network.has_quantised_nodes:
        return "ranges are set for a network that has Q/DQ nodes"
    if "INT8" in config.set and not (network.ranges or network.has_quantised_nodes):
        return "int8 without Q/DQ nodes, ranges or a calibrator"
    return ""


def _error_of_dla(network: FakeNetwork, config: Any) -> str:
    if "FP16" not in config.set and "INT8" not in config.set:
        return "a DLA computes in fp16 or int8"
    if "GPU_FALLBACK" not in config.set:
        return "a layer is not supported on the DLA, and the GPU may not take its place"
    if any(len(set(shapes)) > 1 for profile in config.profiles for shapes in profile.shapes.values()):
        return "a DLA does not support dynamic dimensions"
    return ""
