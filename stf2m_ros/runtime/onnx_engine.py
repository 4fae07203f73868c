"""A graph on the CPU with ONNX Runtime: the embedded default. Written for 1.19, the newest for Python 3.8."""

from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple, Union

import numpy as np
import onnxruntime

Dim = Union[int, str, None]
"""A fixed size, or a name (or nothing) where any size fits."""
Shape = Tuple[Dim, ...]

_FLOAT32 = "tensor(float)"
_ERRORS_ONLY = 3


class EngineLoadError(ValueError):
    """The file is not a graph that this engine can run."""


class EngineInputError(ValueError):
    """An input's name, shape or type is not what the graph takes."""


class OnnxEngine:
    """Runs one ONNX graph. Float32 arrays in and out, by tensor name."""

    name = "onnxruntime-cpu"

    def __init__(self, path: Union[str, Path], threads: int = 1) -> None:
        """threads: how many cores one run may use. Raises EngineLoadError."""
        if threads < 1:
            raise ValueError(f"threads: expected at least 1, found {threads}")
        self._session: Optional[onnxruntime.InferenceSession] = _open_session(Path(path), threads)
        self.input_shapes: Dict[str, Shape] = {each.name: tuple(each.shape) for each in self._session.get_inputs()}
        self.output_shapes: Dict[str, Shape] = {each.name: tuple(each.shape) for each in self._session.get_outputs()}
        self.metadata: Dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        for each in self._session.get_inputs():
            if each.type != _FLOAT32:
                raise EngineLoadError(f"{path}: expected input {each.name} to be float32, found {each.type}")

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """All outputs by name. Raises EngineInputError, and RuntimeError once closed."""
        if self._session is None:
            raise RuntimeError("expected an open engine, found one that was closed")
        self._check(inputs)
        names = list(self.output_shapes)
        return dict(zip(names, self._session.run(names, dict(inputs))))

    def close(self) -> None:
        """Gives the memory back. Closing twice is allowed."""
        self._session = None

    def _check(self, inputs: Mapping[str, np.ndarray]) -> None:
        if inputs.keys() != self.input_shapes.keys():
            raise EngineInputError(f"expected the inputs {sorted(self.input_shapes)}, found {sorted(inputs)}")
        for name, shape in self.input_shapes.items():
            found = inputs[name]
            if found.dtype != np.float32 or not shape_fits(shape, found.shape):
                raise EngineInputError(f"{name}: expected {shape} float32, found {found.shape} {found.dtype}")


def shape_fits(expected: Shape, found: Shape) -> bool:
    """Whether every fixed size agrees; a named or nameless size on either side fits all."""
    if len(expected) != len(found):
        return False
    pairs = zip(expected, found)
    return all(one == other for one, other in pairs if isinstance(one, int) and isinstance(other, int))


def _open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # Measured (docs/benchmarks/network.md): the highest graph optimisation, the default, saves a quarter of the
    # encoder's time; memory arena and pattern change nothing, and stay as they are.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Waiting threads would otherwise spin: two engines that run a few times a second would keep two cores busy.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base but Exception, and differ between versions
        raise EngineLoadError(f"{path}: expected an ONNX graph, found {' '.join(str(error).split())}") from error
