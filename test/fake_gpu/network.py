"""What TensorRT's parser reads an ONNX graph to. What its importer does not read is told as it tells it."""

from types import SimpleNamespace
from typing import Any, Dict, Tuple

import onnx

QUANTISED = {"QuantizeLinear", "DequantizeLinear"}


class FakeNetwork:
    """One layer for each node of the graph."""

    def __init__(self, flags: int) -> None:
        self.flags, self.graph = flags, b""
        self.ranges: Dict[str, Tuple[float, float]] = {}  # of tensors, as they were set
        self._nodes: Any = []
        self._inputs: Any = []

    def read(self, graph: bytes, model: onnx.ModelProto) -> None:
        self.graph, self._nodes, self._inputs = graph, model.graph.node, model.graph.input

    @property
    def has_quantised_nodes(self) -> bool:
        return any(node.op_type in QUANTISED for node in self._nodes)

    @property
    def num_layers(self) -> int:
        return len(self._nodes)

    @property
    def num_inputs(self) -> int:
        return len(self._inputs)

    def get_input(self, index: int) -> Any:
        return self._tensor(self._inputs[index].name)

    def get_layer(self, index: int) -> Any:
        outputs = [self._tensor(name) for name in self._nodes[index].output]
        return SimpleNamespace(num_outputs=len(outputs), get_output=outputs.__getitem__)

    def _tensor(self, name: str) -> Any:
        return SimpleNamespace(name=name, set_dynamic_range=lambda low, high: self.ranges.update({name: (low, high)}))


class FakeParser:
    def __init__(self, trt: Any, network: Any, logger: Any) -> None:
        self._trt, self._network, self.num_errors = trt, network, 0
        self._error = "In node 7 (importMod): UNSUPPORTED_NODE"

    def parse(self, graph: bytes) -> bool:
        if self._trt.refuses == "parse":
            self.num_errors = 1
            return False
        model = onnx.load_from_string(graph)
        if _dequantises_other_than_int8(model.graph):
            self.num_errors, self._error = 1, "In node 0 (QuantDequantLinearHelper): INVALID_NODE"
            return False
        self._network.read(graph, model)
        return True

    def get_error(self, index: int) -> str:
        return self._error


def _dequantises_other_than_int8(graph: onnx.GraphProto) -> bool:
    """Zero points must be int8 and 0, or the importer refuses."""
    constants = {each.name: each for each in graph.initializer}
    zero_points = [constants[node.input[2]] for node in graph.node if node.op_type in QUANTISED]
    return any(
        each.data_type != onnx.TensorProto.INT8 or onnx.numpy_helper.to_array(each).any() for each in zero_points
    )
