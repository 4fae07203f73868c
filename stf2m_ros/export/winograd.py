"""A 3x3 convolution with fewer products, in plain ONNX nodes. Source: Lavin and Gray 2015, F(m x m, 3 x 3).

Maps are (size * size, N * channels) here: what goes over the pixels is then one matrix from the left, what goes over
the channels one from the right, and nothing is transposed between two convolutions.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stf2m_ros.export.node_list import NodeList


@dataclass(frozen=True)
class Form:
    """One axis: n = m + 2 numbers of a tile are spread, multiplied with the spread weights, and gathered to m."""

    spread: np.ndarray  # (n, n)
    weights: np.ndarray  # (n, 3)
    gather: np.ndarray  # (m, n)

    @property
    def inside(self) -> int:
        """n"""
        return len(self.spread)

    @property
    def even(self) -> int:
        """Which of the n numbers goes with 1 into each of the m: what is added to it is added to all."""
        return int(np.flatnonzero((self.gather == 1).all(0))[0])

    def tiles(self, size: int) -> int:
        return -(-size // len(self.gather))


TWO = Form(
    np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]),
    np.array([[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]]),
    np.array([[1, 1, 1, 0], [0, 1, -1, -1]]),
)
"""F(2, 3): 16 products where 36 were."""

FOUR = Form(
    np.array(
        [
            *([4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0]),
            *([0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]),
        ]
    ),
    np.array(
        [
            *([1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6]),
            *([1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]),
        ]
    ),
    np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]),
)
"""F(4, 3): 36 products where 144 were."""


class Convolution(NamedTuple):
    """Names of what a convolution holds, and its sizes."""

    weight: str  # (channels, inputs, 3, 3)
    bias: str
    inputs: int
    channels: int


def spread_matrix(form: Form, size: int) -> np.ndarray:
    """(n * tiles, size): a row of the map, with a zero before and behind, to the numbers of all of its tiles."""
    whole = np.zeros((form.inside, form.tiles(size), size))
    for tile in range(form.tiles(size)):
        for place in range(form.inside):
            pixel = tile * len(form.gather) + place - 1
            if 0 <= pixel < size:
                whole[:, tile, pixel] = form.spread[:, place]
    return whole.reshape(-1, size)


def gather_matrix(form: Form, size: int) -> np.ndarray:
    """(size, n * tiles): back to a row of the map; what lies behind its end is left out."""
    whole = np.zeros((form.tiles(size), len(form.gather), form.inside, form.tiles(size)))
    for tile in range(form.tiles(size)):
        whole[tile, :, :, tile] = form.gather
    return whole.reshape(-1, form.inside * form.tiles(size))[:size]


def convolve(nodes: NodeList, maps: str, by: Convolution, form: Form, size: int, added: str = "") -> str:
    """maps, added: (size * size, N * channels). Returns relu(convolution + added), of the same shape."""
    parts = nodes.split(_spread(nodes, maps, form, size, by.inputs), form.inside**2)
    weights = nodes.split(_spread_weights(nodes, by, form), form.inside**2)
    even = form.even * form.inside + form.even
    products = [
        nodes.add("Gemm", part, weight, by.bias) if place == even else nodes.add("MatMul", part, weight)
        for place, (part, weight) in enumerate(zip(parts, weights))
    ]
    return _gather(nodes, nodes.add("Concat", *products, axis=0), form, size, added)


def _spread(nodes: NodeList, maps: str, form: Form, size: int, channels: int) -> str:
    """Returns (n * n * tiles * tiles * N, channels)."""
    n, tiles = form.inside, form.tiles(size)
    matrix = nodes.constant(f"spread_{n}_{size}", spread_matrix(form, size).astype(np.float32))
    rows = nodes.add("MatMul", matrix, nodes.reshape(maps, size, -1))
    both = nodes.add("MatMul", matrix, nodes.reshape(rows, n * tiles, size, -1))
    ordered = nodes.add("Transpose", nodes.reshape(both, n, tiles, n, -1), perm=[0, 2, 1, 3])
    return nodes.reshape(ordered, -1, channels)


def _spread_weights(nodes: NodeList, by: Convolution, form: Form) -> str:
    """Returns (n * n * inputs, channels). Runtimes fold this when they load the graph: the file holds 3x3 weights."""
    matrix = nodes.constant(f"weights_{form.inside}", np.kron(form.weights, form.weights).T.astype(np.float32))
    spread = nodes.add("MatMul", nodes.reshape(by.weight, -1, 9), matrix)
    apart = nodes.add("Transpose", nodes.reshape(spread, by.channels, by.inputs, -1), perm=[2, 1, 0])
    return nodes.reshape(apart, -1, by.channels)


def _gather(nodes: NodeList, products: str, form: Form, size: int, added: str) -> str:
    """products: (n * n * tiles * tiles * N, channels)."""
    n, tiles = form.inside, form.tiles(size)
    matrix = nodes.constant(f"gather_{n}_{size}", gather_matrix(form, size).astype(np.float32))
    ordered = nodes.add("Transpose", nodes.reshape(products, n, n, tiles, -1), perm=[0, 2, 1, 3])
    columns = nodes.add("MatMul", matrix, nodes.reshape(ordered, n * tiles, n * tiles, -1))
    # With what is added as its third operand and the Relu behind, the last product is one node for ONNX Runtime.
    others = [nodes.reshape(added, size, -1)] if added else []
    rows = nodes.add("Gemm", matrix, nodes.reshape(columns, n * tiles, -1), *others)
    return nodes.reshape(nodes.add("Relu", rows), size * size, -1)
