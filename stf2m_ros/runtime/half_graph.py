"""A float32 graph retyped so that its products with weights run in float16; inputs and outputs stay float32.

For versions of TensorRT without the FP16 flag, where the types in the graph decide. Needs the onnx package, which a
Jetson does not: JetPack's versions have the flag.

Only Conv, Gemm and MatMul with a weight run in half, and what merely carries their result on. Normalisations, the
fuzzy layer's exponentials and whatever meets no weight keep float32, where half would overflow or vanish.
"""

from types import ModuleType
from typing import Any, Dict, List, Set

import numpy as np

_WEIGHTED = {"Conv", "Gemm", "MatMul"}
_CARRIERS = {"Relu", "MaxPool", "Add", "Reshape", "Transpose", "Squeeze", "Unsqueeze"}
"""Run in half where all of their floating inputs already are."""


class OnnxPackageMissing(ImportError):
    """The onnx package is not installed."""


def have_onnx() -> bool:
    """Whether graphs can be retyped here."""
    try:
        _import_onnx()
    except OnnxPackageMissing:
        return False
    return True


def to_half(model_bytes: bytes) -> bytes:
    """model_bytes: a folded float32 graph, serialised (folded_graph.py). Raises OnnxPackageMissing."""
    onnx = _import_onnx()
    model = onnx.load_from_string(model_bytes)
    _Retyping(onnx, model.graph).run()
    return model.SerializeToString()


def _import_onnx() -> ModuleType:
    try:
        import onnx
    except ImportError as error:
        raise OnnxPackageMissing("float16 for this version of TensorRT needs: pip install onnx") from error
    return onnx


class _Retyping:
    """Walks the nodes in order; every tensor exists in float32, in float16, or in both with one Cast between."""

    def __init__(self, onnx: ModuleType, graph: Any) -> None:
        self._onnx, self._graph = onnx, graph
        self._weights: Dict[str, object] = {
            w.name: w for w in graph.initializer if w.data_type == onnx.TensorProto.FLOAT
        }
        self._half_of: Dict[str, str] = {}  # name of a float32 tensor -> name of the same in float16
        self._only_half: Set[str] = set()  # tensors of which no float32 exists yet
        self._outputs = {each.name for each in graph.output}
        self._nodes: List[Any] = []

    def run(self) -> None:
        nodes = list(self._graph.node)
        for node in nodes:
            (self._add_half if self._is_half(node) else self._add_float)(node)
        for name in self._outputs & self._only_half:
            self._widen(name)
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)
        del self._graph.value_info[:]  # the types in there no longer hold
        used = {name for node in self._nodes for name in node.input}
        for weight in [w for w in self._graph.initializer if w.name not in used]:
            self._graph.initializer.remove(weight)

    def _is_half(self, node: Any) -> bool:
        if node.op_type in _WEIGHTED:
            return any(name in self._weights for name in node.input[1:2])
        if node.op_type not in _CARRIERS:
            return False
        computed = [name for name in self._floating(node) if name not in self._weights]
        return bool(computed) and all(name in self._half_of for name in computed)

    def _floating(self, node: Any) -> List[str]:
        shapes = {"Reshape", "Squeeze", "Unsqueeze"}  # their second input is int64
        return list(node.input[:1] if node.op_type in shapes else node.input)

    def _add_half(self, node: Any) -> None:
        floating = set(self._floating(node))
        inputs = [self._in_half(name) if name in floating else name for name in node.input]
        copied = self._onnx.NodeProto()
        copied.CopyFrom(node)
        del copied.input[:], copied.output[:]
        copied.input.extend(inputs)
        for name in node.output:
            self._half_of[name] = name + "_half"
            self._only_half.add(name)
            copied.output.append(name + "_half")
        self._nodes.append(copied)

    def _add_float(self, node: Any) -> None:
        for name in node.input:
            if name in self._only_half:
                self._widen(name)
        self._nodes.append(node)

    def _in_half(self, name: str) -> str:
        if name not in self._half_of:
            self._half_of[name] = name + "_half"
            if name in self._weights:
                values = self._onnx.numpy_helper.to_array(self._weights[name]).astype(np.float16)
                self._graph.initializer.append(self._onnx.numpy_helper.from_array(values, name + "_half"))
            else:
                self._cast(name, name + "_half", self._onnx.TensorProto.FLOAT16)
        return self._half_of[name]

    def _widen(self, name: str) -> None:
        self._only_half.discard(name)
        self._cast(self._half_of[name], name, self._onnx.TensorProto.FLOAT)

    def _cast(self, source: str, target: str, to: int) -> None:
        self._nodes.append(self._onnx.helper.make_node("Cast", [source], [target], name="cast_" + target, to=to))
