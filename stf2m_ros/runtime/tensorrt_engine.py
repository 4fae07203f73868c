"""One graph on an NVIDIA GPU. Float32 arrays in and out by tensor name, like every engine; see engine.py.

Written against the calls that TensorRT 8.5 to 11 and tensorrt_rtx share. Proven by fakes that enforce CUDA's rules
and compute with ONNX Runtime; no GPU was at hand, so speed and the real drivers' behaviour are unproven.
"""

from types import ModuleType
from typing import Collection, Dict, List, Mapping, Optional, Tuple

import numpy as np

from stf2m_ros.runtime.cuda_buffers import CudaDevice, TensorPair
from stf2m_ros.runtime.onnx_engine import EngineInputError, EngineLoadError, Shape, shape_fits
from stf2m_ros.runtime.tensorrt_api import NO_DLA, last_error_of, logger_of

ADDRESS_BYTES = 256
"""TensorRT takes tensors at multiples of this only."""


class EngineRunError(RuntimeError):
    """TensorRT refused to run; the engine is of no further use."""


class TensorRTEngine:
    """Runs one serialised engine. The thread that makes it is the only one that may use and close it."""

    def __init__(
        self,
        trt: ModuleType,
        device: CudaDevice,
        plan: bytes,
        input_shapes: Mapping[str, Shape],
        max_batch: int,
        precision: str,
        dla: int = NO_DLA,
    ) -> None:
        """input_shapes: as the graph takes them; a named first size is the batch, at most max_batch at once.
        dla: the core that the engine was built for.

        All device and page-locked memory is taken here, none in run(). Raises EngineLoadError, CudaError.
        """
        self.name = f"tensorrt-{precision}" + (f"-dla{dla}" if dla != NO_DLA else "")
        self.input_shapes = dict(input_shapes)
        self._trt, self._device, self._max_batch = trt, device, max_batch
        self._pairs: Dict[str, TensorPair] = {}
        self._addresses: Dict[str, int] = {}  # as TensorRT has them
        self._returned: Dict[str, Tuple[int, ...]] = {}  # shapes of the outputs of the run that was queued last
        self._runtime = self._engine = self._context = None
        try:
            self._load(plan, dla)
            self._take_memory()
        except BaseException:
            self.close()
            raise

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """All outputs by name, as arrays of their own. Raises EngineInputError, EngineRunError, CudaError."""
        if self._context is None:
            raise RuntimeError("expected an open engine, found one that was closed")
        batch = self._check(inputs)
        if batch is None or batch <= self._max_batch:
            return self._run_once(inputs)
        parts = [self._run_once(part) for part in self._split(inputs, batch)]
        return {name: np.concatenate([part[name] for part in parts]) for name in self._outputs}

    def queue(self, inputs: Mapping[str, np.ndarray], placed: Mapping[str, int]) -> None:
        """Begins one run and returns at once; results() has its outputs once the device was waited for.

        inputs: at most max_batch of them at once. placed: tensors that stay on the device, at these addresses,
        which are multiples of ADDRESS_BYTES; inputs among them are of a fixed shape. This engine's run before must
        have been waited for. Raises EngineInputError, EngineRunError, CudaError.
        """
        if self._context is None:
            raise RuntimeError("expected an open engine, found one that was closed")
        self._check(inputs, placed)
        shapes = {name: inputs[name].shape if name in inputs else shape for name, shape in self.input_shapes.items()}
        self._set_shapes(shapes)
        # No names for the stream or the context here: the frame of a failed run would keep them from being freed.
        device = self._device
        with device.guarded("the GPU failed"):
            for name, pair in self._pairs.items():
                self._set_address(name, placed.get(name, pair.address))
            for name, value in inputs.items():
                pair = self._pairs[name]
                np.copyto(pair.host[: value.size].reshape(value.shape), value)
                pair.to_device(value.size, device.stream)
            if not self._context.execute_async_v3(device.stream_handle):
                raise EngineRunError(f"TensorRT does not run: {last_error_of(self._trt)}")
            returned = [name for name in self._outputs if name not in placed]
            self._returned = {name: tuple(self._context.get_tensor_shape(name)) for name in returned}
            for name, shape in self._returned.items():
                self._pairs[name].to_host(int(np.prod(shape)), device.stream)

    def results(self) -> Dict[str, np.ndarray]:
        """The outputs of the run that was waited for, but for those that stay on the device."""
        # Copies, because the next run writes where these are.
        pairs = self._pairs
        return {name: pairs[name].host[: int(np.prod(s))].reshape(s).copy() for name, s in self._returned.items()}

    def inspect(self) -> str:
        """What the inspector tells of the layers as built: JSON, of a form that differs between versions."""
        return self._engine.create_engine_inspector().get_engine_information(self._trt.LayerInformationFormat.JSON)

    def close(self) -> None:
        """Frees in the order in which CUDA wants it: context, engine, runtime, memory. Closing twice is allowed."""
        if self._pairs:
            self._device.quietly(self._device.wait)
        self._context = None
        self._engine = None
        self._runtime = None
        while self._pairs:
            self._device.quietly(self._pairs.popitem()[1].free)

    def _load(self, plan: bytes, dla: int) -> None:
        self._runtime = self._trt.Runtime(logger_of(self._trt))
        if dla != NO_DLA:
            self._runtime.DLA_core = dla
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise EngineLoadError(f"TensorRT does not take the engine: {last_error_of(self._trt)}")
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise EngineLoadError(f"TensorRT has no room to run the engine: {last_error_of(self._trt)}")

    def _take_memory(self) -> None:
        names = [self._engine.get_tensor_name(index) for index in range(self._engine.num_io_tensors)]
        mode = self._trt.TensorIOMode
        inputs = [name for name in names if self._engine.get_tensor_mode(name) == mode.INPUT]
        self._outputs = [name for name in names if self._engine.get_tensor_mode(name) == mode.OUTPUT]
        if set(inputs) != set(self.input_shapes):
            raise EngineLoadError(f"expected the inputs {sorted(self.input_shapes)}, found {sorted(inputs)}")
        for name in names:
            if self._engine.get_tensor_dtype(name) != self._trt.float32:
                raise EngineLoadError(f"{name}: expected float32, found {self._engine.get_tensor_dtype(name)}")
        largest = {name: _with_batch(shape, self._max_batch) for name, shape in self.input_shapes.items()}
        self._set_shapes(largest)
        for name in names:
            shape = largest.get(name) or tuple(self._context.get_tensor_shape(name))
            self._pairs[name] = self._device.tensor_pair(int(np.prod(shape)))

    def _check(self, inputs: Mapping[str, np.ndarray], placed: Collection[str] = ()) -> Optional[int]:
        """The batch size where the graph has one. Raises EngineInputError."""
        expected = self.input_shapes.keys() - set(placed)
        if inputs.keys() != expected:
            raise EngineInputError(f"expected the inputs {sorted(expected)}, found {sorted(inputs)}")
        batch = None
        for name, found in inputs.items():
            shape = self.input_shapes[name]
            if found.dtype != np.float32 or not shape_fits(shape, found.shape):
                raise EngineInputError(f"{name}: expected {shape} float32, found {found.shape} {found.dtype}")
            if not isinstance(shape[0], int):
                batch = found.shape[0]
        if batch == 0:
            raise EngineInputError("expected a batch of at least 1, found an empty one")
        return batch

    def _split(self, inputs: Mapping[str, np.ndarray], batch: int) -> List[Dict[str, np.ndarray]]:
        starts = range(0, batch, self._max_batch)
        fixed = {name for name, shape in self.input_shapes.items() if isinstance(shape[0], int)}
        return [
            {name: value if name in fixed else value[i : i + self._max_batch] for name, value in inputs.items()}
            for i in starts
        ]

    def _run_once(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        self._device.wait()  # a run that somebody queued may still read or write where this one's tensors go
        self.queue(inputs, {})
        self._device.wait()
        return self.results()

    def _set_address(self, name: str, address: int) -> None:
        if self._addresses.get(name) == address:
            return
        if not self._context.set_tensor_address(name, address):
            raise EngineRunError(f"{name}: TensorRT does not take its address: {last_error_of(self._trt)}")
        self._addresses[name] = address

    def _set_shapes(self, shapes: Mapping[str, Tuple[int, ...]]) -> None:
        for name, shape in shapes.items():
            if not self._context.set_input_shape(name, shape):
                raise EngineRunError(f"{name}: TensorRT does not take the shape {shape}: {last_error_of(self._trt)}")


def _with_batch(shape: Shape, batch: int) -> Tuple[int, ...]:
    return tuple(size if isinstance(size, int) else batch for size in shape)
