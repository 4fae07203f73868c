"""The convolution with fewer products, against the plain one."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from stf2m_ros.export.node_list import NodeList
from stf2m_ros.export.winograd import FOUR, TWO, Convolution, Form, convolve, gather_matrix, spread_matrix

FORMS = pytest.mark.parametrize("form", [TWO, FOUR], ids=["F(2, 3)", "F(4, 3)"])
SIZES = pytest.mark.parametrize("size", [4, 7, 14])


@FORMS
@SIZES
def test_along_one_axis_it_is_the_convolution(form: Form, size: int) -> None:
    random = np.random.RandomState(0)
    row, weights = random.randn(size), random.randn(3)
    products = (spread_matrix(form, size) @ row).reshape(form.inside, -1) * (form.weights @ weights)[:, None]
    expected = np.convolve(row, weights[::-1], mode="same")
    assert gather_matrix(form, size) @ products.ravel() == pytest.approx(expected)


@FORMS
@SIZES
@pytest.mark.parametrize("with_sum", [False, True])
def test_it_says_what_the_plain_convolution_says(form: Form, size: int, with_sum: bool) -> None:
    random = np.random.RandomState(0)
    maps, added = (random.randn(2, channels, size, size).astype(np.float32) for channels in (5, 6))
    weight, bias = random.randn(6, 5, 3, 3).astype(np.float32), random.randn(6).astype(np.float32)
    plain = torch.nn.functional.conv2d(*map(torch.from_numpy, (maps, weight, bias)), padding=1).numpy()
    expected = np.maximum(plain + with_sum * added, 0)
    nodes = NodeList("test")
    said = convolve(nodes, "maps", Convolution("weight", "bias", 5, 6), form, size, "added" if with_sum else "")
    inputs = {"maps": _flat(maps), **({"added": _flat(added)} if with_sum else {})}
    found = _run(nodes, {"weight": weight, "bias": bias}, inputs, said)
    assert np.abs(found - _flat(expected)).max() < 1e-4


def _flat(maps: np.ndarray) -> np.ndarray:
    """(N, channels, size, size) -> (size * size, N * channels)."""
    return np.ascontiguousarray(maps.transpose(2, 3, 0, 1)).reshape(maps.shape[2] * maps.shape[3], -1)


def _run(nodes: NodeList, weights: "dict[str, np.ndarray]", inputs: "dict[str, np.ndarray]", said: str) -> np.ndarray:
    graph = helper.make_graph(
        nodes.nodes,
        "convolution",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, each.shape) for name, each in inputs.items()],
        [helper.make_tensor_value_info(said, TensorProto.FLOAT, ["pixels", "maps"])],
        [*nodes.constants.values(), *(numpy_helper.from_array(each, name) for name, each in weights.items())],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]
