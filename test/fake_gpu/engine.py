"""TensorRT's running half: it computes with ONNX Runtime on the fake GPU's memory."""

import enum
from types import SimpleNamespace
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np
import onnxruntime

from fake_gpu.rules import RuleBroken

PLAN_HEAD = b"fake engine of "
ON_DLA = b" for a DLA"
TENSORRT_ALIGNMENT = 256


class TensorIOMode(enum.Enum):
    NONE, INPUT, OUTPUT = range(3)


class FakeRuntime:
    def __init__(self, trt: Any, logger: Any) -> None:
        trt.driver.check_context("make a runtime")
        self._trt, self._logger, self.DLA_core = trt, logger, -1
        trt.driver.users.add(self)

    def deserialize_cuda_engine(self, plan: bytes) -> Optional["FakeEngine"]:
        self._trt.driver.check_context("deserialise")
        head, _, graph = plan.partition(b"\n")
        own = PLAN_HEAD + self._trt.__version__.encode()
        if head not in (own, own + ON_DLA):
            raise RuleBroken("an engine that is not this TensorRT's, or was damaged, came as far as TensorRT")
        if head.endswith(ON_DLA) and not 0 <= self.DLA_core < self._trt.dla_cores:
            self._logger.log(self._trt.ILogger.Severity.ERROR, "the engine is for a DLA, and no core of it was chosen")
            return None
        if self._trt.refuses == "deserialise":
            self._logger.log(self._trt.ILogger.Severity.ERROR, "no kernel image is available")
            return None
        return FakeEngine(self._trt, graph, self)


class FakeEngine:
    def __init__(self, trt: Any, graph: bytes, runtime: FakeRuntime) -> None:
        self.trt, self._runtime = trt, runtime
        self.session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        self.inputs = {each.name: each.shape for each in self.session.get_inputs()}
        self.outputs = {each.name: each.shape for each in self.session.get_outputs()}
        self._names = [*self.inputs, *self.outputs]
        self._output_shapes: Dict[Any, Dict[str, Tuple[int, ...]]] = {}
        trt.driver.users.add(self)

    def output_shapes(self, shapes: Dict[str, Tuple[int, ...]]) -> Dict[str, Tuple[int, ...]]:
        """As a run gives them, because the graph only names sizes that hang on an input's."""
        key = tuple(shapes.items())
        if key not in self._output_shapes:
            zeros = {name: np.zeros(shape, np.float32) for name, shape in key}
            results = self.session.run(list(self.outputs), zeros)
            self._output_shapes[key] = {name: result.shape for name, result in zip(self.outputs, results)}
        return self._output_shapes[key]

    @property
    def num_io_tensors(self) -> int:
        return len(self._names)

    def get_tensor_name(self, index: int) -> str:
        return self._names[index]

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        return TensorIOMode.INPUT if name in self.inputs else TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name: str) -> str:
        return "float32"

    def create_execution_context(self) -> Optional["FakeExecution"]:
        self.trt.driver.check_context("make an execution context")
        return None if self.trt.refuses == "context" else FakeExecution(self)

    def create_engine_inspector(self) -> Any:
        if self.trt.refuses == "inspect":
            raise AttributeError("create_engine_inspector")
        text = '{"Layers": [{"Name": "all", "Outputs": [{"Name": "x", "Format/Datatype": "Row major linear FP16"}]}]}'
        return SimpleNamespace(get_engine_information=lambda form: text)


class FakeExecution:
    def __init__(self, engine: FakeEngine) -> None:
        self._engine, self._shapes, self._addresses, self._running = engine, {}, {}, False
        engine.trt.driver.users.add(self)

    def set_input_shape(self, name: str, shape: Tuple[int, ...]) -> bool:
        self._check_idle()
        expected = self._engine.inputs[name]
        if not all(a == b for a, b in zip(expected, shape) if isinstance(a, int)):
            return False
        self._shapes[name] = tuple(shape)
        return True

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._check_idle()
        if address % TENSORRT_ALIGNMENT:
            raise RuleBroken(f"{name}: TensorRT is given an address that is no multiple of {TENSORRT_ALIGNMENT}")
        self._addresses[name] = address
        return True

    def get_tensor_shape(self, name: str) -> Tuple[int, ...]:
        return self._engine.output_shapes(self._shapes)[name]

    def execute_async_v3(self, stream_handle: int) -> bool:
        driver = self._engine.trt.driver
        driver.check_context("execute")
        if self._engine.trt.refuses == "execute":
            return False
        missing = {*self._engine.inputs, *self._engine.outputs} - self._addresses.keys()
        if missing or self._engine.inputs.keys() != self._shapes.keys():
            raise RuleBroken(f"executed without an address or a shape for everything: {missing}")
        run = _Run(self._engine, dict(self._shapes), dict(self._addresses))
        driver.streams[stream_handle].queue(
            self._end_of(run), {driver.base_of(each) for each in run.addresses.values()}
        )
        self._running = True
        return True

    def _end_of(self, run: "_Run") -> Callable[[], None]:
        def end() -> None:
            self._running = False
            run.compute()

        return end

    def _check_idle(self) -> None:
        if self._running:
            raise RuleBroken("a shape or an address changes while the run that uses it is under way")


class _Run:
    """One run of an engine, from when it was queued."""

    def __init__(self, engine: FakeEngine, shapes: Dict[str, Tuple[int, ...]], addresses: Dict[str, int]) -> None:
        self._engine, self._shapes, self.addresses = engine, shapes, addresses
        self._mapped = engine.trt.driver.mapped
        for name in engine.outputs:
            if addresses[name] in self._mapped:  # until the stream was waited for, nothing can be read there
                self._mapped[addresses[name]].view(np.float32).fill(np.nan)
        shown = [name for name in engine.inputs if addresses[name] in self._mapped]
        self._shown = {name: self._mapped[addresses[name]].tobytes() for name in shown}

    def compute(self) -> None:
        if any(self._mapped[self.addresses[name]].tobytes() != data for name, data in self._shown.items()):
            raise RuleBroken("a mapped buffer changed before the engine had read it")
        feed = {name: self._memory(name, shape) for name, shape in self._shapes.items()}
        if not all(np.isfinite(value).all() for value in feed.values()):
            raise RuleBroken("the engine read memory that nothing was copied to")
        for name, value in zip(self._engine.outputs, self._engine.session.run(list(self._engine.outputs), feed)):
            self._memory(name, value.shape)[...] = value + np.float32(self._engine.trt.skew)

    def _memory(self, name: str, shape: Tuple[int, ...]) -> np.ndarray:
        size = 4 * int(np.prod(shape))
        return self._engine.trt.driver.memory_at(self.addresses[name], size).view(np.float32).reshape(shape)
