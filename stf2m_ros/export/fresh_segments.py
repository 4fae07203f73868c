"""The window head shown only the segments that are new: what it makes of the others before they meet is handed in.

Thirty seconds of tokens become sixty segments by a product that looks at no neighbour. From hop to hop all of them but
the newest stay, and so does what the product made of them. runtime.remembering_head keeps it.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper

from stf2m_ros.export.node_list import NodeList
from stf2m_ros.runtime.remembering_head import FRESH_POOLED, FRESH_PRESENCE, FRESH_TOKENS, POOLED

_POOLED_HERE = "/head/pool/gate/MatMul"
_NORMALISED = "/head/token_norm/Add_1_output_0"


def take_fresh_segments(graph: onnx.GraphProto) -> None:
    """Rewrites a head as export.to_onnx writes it; leaves nodes behind that nothing reads.

    One of before GatedPooling had a product for the tokens alone is still shown everything.
    """
    old = next((node for node in graph.node if node.name == _POOLED_HERE), None)
    if old is None:
        return
    shapes = {each.name: [size.dim_value for size in each.type.tensor_type.shape.dim] for each in graph.input}
    (_, slots, regions, dim), segments = shapes["tokens"], shapes["words"][1]
    length = slots // segments
    for node in graph.node:
        node.input[:] = [FRESH_TOKENS if name == "tokens" else name for name in node.input]
    new = _pooling(old.input[1], old.output[0], regions, length * dim)
    new.replace(graph, [old])
    width = 2 * dim
    _declare(graph, FRESH_TOKENS, ["fresh", length, regions, dim])
    graph.input.append(_value(FRESH_PRESENCE, ["fresh", length]))
    graph.input.append(_value(POOLED, ["known", regions, width]))
    graph.output.append(_value(FRESH_POOLED, ["fresh", regions, width]))


def _pooling(weight: str, said: str, regions: int, width: int) -> NodeList:
    """said: what the rest of the head reads, (1, S, R, 2 * D)."""
    nodes = NodeList("fresh")
    seen = nodes.add("Unsqueeze", FRESH_PRESENCE, nodes.constant("axes", np.array([2, 3], np.int64)))
    regions_first = nodes.add("Transpose", nodes.add("Mul", _NORMALISED, seen), perm=[0, 2, 1, 3])
    nodes.add("MatMul", nodes.reshape(regions_first, -1, regions, width), weight)
    nodes.nodes[-1].output[0] = FRESH_POOLED
    every = nodes.add("Concat", POOLED, FRESH_POOLED, axis=0)
    nodes.add("Unsqueeze", every, nodes.constant("first", np.array([0], np.int64)))
    nodes.nodes[-1].output[0] = said
    return nodes


def _declare(graph: onnx.GraphProto, name: str, shape: list) -> None:
    """In place of the window's tokens."""
    place = [each.name for each in graph.input].index("tokens")
    graph.input[place].CopyFrom(_value(name, shape))


def _value(name: str, shape: list) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
