"""Stands for the module tensorrt: its names, its builder and its parser. A plan is a head and the graph."""

import enum
from types import SimpleNamespace
from typing import Any, Optional

from fake_gpu.driver import FakeDriver
from fake_gpu.engine import PLAN_HEAD, FakeRuntime, TensorIOMode


class Severity(enum.Enum):
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)


def fake_tensorrt(
    driver: FakeDriver, version: str = "8.5.2.2", fp16_flag: bool = True, skew: float = 0.0, refuses: str = ""
) -> Any:
    """Stands for the module tensorrt. skew: added to every output, as by a wrong engine. refuses: a step that fails."""

    class ILogger:
        Severity = Severity

    flags = {"TF32": 1, **({"FP16": 2} if fp16_flag else {})}
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
        driver=driver,
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
        return SimpleNamespace(flags=flags, graph=None, num_layers=0)

    def create_builder_config(self) -> Any:
        config = SimpleNamespace(set={"TF32"}, profiles=[], set_memory_pool_limit=lambda pool, size: None)
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
        if self._trt.refuses == "build":
            self._logger.log(Severity.ERROR, "out of memory while timing tactics")
            return None
        self._trt.builds.append(f"flags {sorted(config.set)} network {network.flags}")
        return PLAN_HEAD + self._trt.__version__.encode() + b"\n" + network.graph


class FakeParser:
    def __init__(self, trt: Any, network: Any, logger: Any) -> None:
        self._trt, self._network, self.num_errors = trt, network, 0

    def parse(self, graph: bytes) -> bool:
        if self._trt.refuses == "parse":
            self.num_errors = 1
            return False
        self._network.graph, self._network.num_layers = graph, 1
        return True

    def get_error(self, index: int) -> str:
        return "In node 7 (importMod): UNSUPPORTED_NODE"
