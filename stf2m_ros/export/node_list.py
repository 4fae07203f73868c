"""Nodes of an ONNX graph, written one behind the other; names come by themselves."""

from typing import Any, Dict, List, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper


class NodeList:
    """Gathers nodes and the constants that they read. name: how all of their names begin."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.nodes: List[onnx.NodeProto] = []
        self.constants: Dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output, whose name is returned."""
        return self._add(operator, inputs, 1, attributes)[0]

    def split(self, tensor: str, parts: int) -> List[str]:
        """Equal parts of its first axis."""
        return self._add("Split", (tensor,), parts, {"axis": 0})

    def reshape(self, tensor: str, *shape: int) -> str:
        """shape: one of its sizes may be -1."""
        name = "shape_" + "_".join(map(str, shape))
        return self.add("Reshape", tensor, self.constant(name, np.array(shape, np.int64)))

    def constant(self, name: str, array: np.ndarray) -> str:
        """The same name is the same array."""
        name = f"{self._name}/{name}"
        self.constants.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def replace(self, graph: onnx.GraphProto, old: Sequence[onnx.NodeProto]) -> None:
        """Puts all of it where the last of the old ones stands, and takes those away."""
        gone, every = {node.name for node in old}, list(graph.node)
        place = 1 + max(index for index, node in enumerate(every) if node.name in gone)
        before = [node for node in every[:place] if node.name not in gone]
        del graph.node[:]
        graph.node.extend([*before, *self.nodes, *every[place:]])
        graph.initializer.extend(self.constants.values())

    def _add(self, operator: str, inputs: Any, outputs: int, attributes: Dict[str, Any]) -> List[str]:
        name = f"{self._name}/{len(self.nodes)}_{operator}"
        names = [f"{name}_{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name, **attributes))
        return names
