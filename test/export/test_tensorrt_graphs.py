"""What TensorRT is given of both graphs, against the real builder on the CPU and against what 8.5's importer has."""

import logging
import re
from pathlib import Path
from typing import Dict, Set

import numpy as np
import onnx
import onnxruntime
import pytest

from stf2m_ros.export.quantise import quantise_encoder
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, FRAME_ENCODER_TENSORRT_INT8_FILE, WINDOW_HEAD_FILE
from stf2m_ros.runtime.folded_graph import GraphFoldError, fold_constants
from stf2m_ros.runtime.half_graph import to_half
from stf2m_ros.runtime.tensorrt_api import find_tensorrt, logger_of, precision_built, version_of
from stf2m_ros.runtime.tensorrt_builder import EngineBuildError, Recipe, build_plan

SHIPPED = Path(__file__).parents[2] / "models" / "generated_faces"
GRAPHS = (FRAME_ENCODER_FILE, WINDOW_HEAD_FILE)
GIVEN = (*GRAPHS, FRAME_ENCODER_TENSORRT_INT8_FILE)

_PLAIN = "Add Clip Div Erf Exp Expand MatMul Max Mul Pow Reciprocal Relu Sigmoid Slice Sqrt Squeeze Sub Tanh Unsqueeze"
_SLIDING = {"auto_pad", "dilations", "kernel_shape", "pads", "strides"}
ATTRIBUTES_IN_8_5: Dict[str, Set[str]] = {
    **{operator: set() for operator in re.findall(r"\w+", _PLAIN)},
    **dict.fromkeys(["Concat", "Gather", "Softmax", "Split", "QuantizeLinear", "DequantizeLinear"], {"axis"}),
    **dict.fromkeys(["ReduceMax", "ReduceMean", "ReduceMin"], {"axes", "keepdims"}),
    "ReduceSum": {"keepdims", "noop_with_empty_axes"},
    "Conv": {*_SLIDING, "group"},
    "MaxPool": {*_SLIDING, "ceil_mode", "storage_order"},
    "Gemm": {"alpha", "beta", "transA", "transB"},
    "Pad": {"mode"},
    "Reshape": {"allowzero"},
    "Shape": {"start"},  # not read by the importer: only its default will do
    "Transpose": {"perm"},
}
"""Operators and attributes that TensorRT 8.5's importer reads (onnx-tensorrt, release 8.5), as far as we use them."""

CONSTANT_INPUTS = {
    **dict.fromkeys(["Conv", "Expand", "Gather", "Pad", "ReduceSum", "Split", "Squeeze", "Unsqueeze"], [1]),
    "Slice": [1, 2, 3, 4],
    **dict.fromkeys(["Clip", "QuantizeLinear", "DequantizeLinear"], [1, 2]),
}
"""Inputs that 8.5 takes only, or best, as initialisers."""


@pytest.fixture(params=["exported", "shipped"])
def folder(request: pytest.FixtureRequest) -> Path:
    if request.param == "exported":
        return request.getfixturevalue("exported_folder")
    if not (SHIPPED / WINDOW_HEAD_FILE).is_file():
        pytest.skip("no bundle is shipped in models/generated_faces")
    return SHIPPED


@pytest.mark.parametrize("graph_file", GIVEN)
def test_every_operator_and_attribute_is_one_that_tensorrt_8_5_imports(folder: Path, graph_file: str) -> None:
    model = given(folder / graph_file)
    assert {each.domain: each.version for each in model.opset_import}[""] == 16
    for node in model.graph.node:
        assert node.domain == ""
        assert node.op_type in ATTRIBUTES_IN_8_5, f"{node.name}: {node.op_type} is not in the list"
        found = {attribute.name for attribute in node.attribute}
        assert found <= ATTRIBUTES_IN_8_5[node.op_type], f"{node.name}: {node.op_type} has {found}"


@pytest.mark.parametrize("graph_file", GIVEN)
def test_the_values_of_attributes_are_ones_that_tensorrt_8_5_takes(folder: Path, graph_file: str) -> None:
    for node in given(folder / graph_file).graph.node:
        values = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        assert values.get("noop_with_empty_axes", 0) == 0
        assert values.get("allowzero", 0) == 0
        assert values.get("start", 0) == 0
        assert values.get("mode", b"constant") == b"constant"
        assert values.get("auto_pad", b"NOTSET") == b"NOTSET"
        if node.op_type == "MaxPool":
            assert len(node.output) == 1
            assert set(values["dilations"]) == {1}


@pytest.mark.parametrize("graph_file", GIVEN)
def test_weights_axes_and_sizes_are_initialisers(folder: Path, graph_file: str) -> None:
    """All but the chain by which the encoder keeps its batch size: Shape, Slice, Concat, Reshape."""
    graph = given(folder / graph_file).graph
    constants = {each.name for each in graph.initializer}
    constants |= {node.output[0] for node in graph.node if node.input[0] in constants}  # weights behind their scale
    for node in graph.node:
        for index in CONSTANT_INPUTS.get(node.op_type, []):
            if index < len(node.input) and node.input[index]:
                assert node.input[index] in constants, f"{node.name}: input {index} of {node.op_type} is computed"


def test_no_64_bit_integer_goes_in_or_out(folder: Path) -> None:
    """8.5 has no INT64 tensors."""
    for graph_file in GRAPHS:
        graph = onnx.load(str(folder / graph_file)).graph
        assert {each.type.tensor_type.elem_type for each in (*graph.input, *graph.output)} == {onnx.TensorProto.FLOAT}


def test_folding_takes_away_what_8_5_lacks_and_changes_nothing(
    exported_folder: Path, head_inputs: Dict[str, np.ndarray]
) -> None:
    path = exported_folder / WINDOW_HEAD_FILE
    folded = fold_constants(path)
    assert "Mod" in {node.op_type for node in onnx.load(str(path)).graph.node}
    assert "Cast" not in {node.op_type for node in onnx.load_from_string(folded).graph.node}
    for name, difference in _differences(path.read_bytes(), folded, head_inputs).items():
        assert difference < 1e-5, name


def test_a_file_that_is_no_graph_is_said(tmp_path: Path) -> None:
    (tmp_path / "window_head.onnx").write_bytes(b"nonsense")
    with pytest.raises(GraphFoldError, match="expected an ONNX graph, found"):
        fold_constants(tmp_path / "window_head.onnx")


def test_the_head_in_half_says_the_same_within_2e_2(exported_folder: Path, head_inputs: Dict[str, np.ndarray]) -> None:
    folded = fold_constants(exported_folder / WINDOW_HEAD_FILE)
    for name, difference in _differences(folded, to_half(folded), head_inputs).items():
        assert difference < 2e-2, name


def test_the_encoder_in_half_says_the_same_within_2e_2(exported_folder: Path) -> None:
    folded = fold_constants(exported_folder / FRAME_ENCODER_FILE)
    faces = np.random.RandomState(0).randn(2, 3, 112, 112).astype(np.float32)
    assert _differences(folded, to_half(folded), {"faces": faces})["tokens"] < 2e-2


@pytest.mark.parametrize("graph_file", GRAPHS)
def test_half_keeps_float32_outside_and_multiplies_weights_in_half(exported_folder: Path, graph_file: str) -> None:
    graph = onnx.load_from_string(to_half(fold_constants(exported_folder / graph_file))).graph
    assert {each.type.tensor_type.elem_type for each in (*graph.input, *graph.output)} == {onnx.TensorProto.FLOAT}
    types = {each.name: each.data_type for each in graph.initializer}
    products = [node for node in graph.node if node.op_type in ("Conv", "Gemm", "MatMul") and node.input[1] in types]
    assert products
    assert {types[node.input[1]] for node in products} == {onnx.TensorProto.FLOAT16}


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("graph_file", GRAPHS)
def test_the_real_builder_builds_it(exported_folder: Path, graph_file: str, precision: str) -> None:
    trt = find_tensorrt()
    assert version_of(trt).startswith("tensorrt_rtx 1.")
    assert precision_built(trt, graph_file, precision) == precision
    assert len(build_plan(trt, recipe(exported_folder / graph_file, precision))) > 100_000


def test_the_real_builder_builds_the_int8_encoder(exported_folder: Path) -> None:
    trt = find_tensorrt()
    assert precision_built(trt, FRAME_ENCODER_FILE, "int8", quantised=True) == "int8"
    assert len(build_plan(trt, recipe(exported_folder / FRAME_ENCODER_TENSORRT_INT8_FILE, "int8"))) > 100_000


def test_the_real_parser_reads_every_convolution_of_it_in_8_bits(exported_folder: Path) -> None:
    trt = find_tensorrt()
    network = trt.Builder(logger_of(trt)).create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger_of(trt))
    assert parser.parse((exported_folder / FRAME_ENCODER_TENSORRT_INT8_FILE).read_bytes())
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    convolutions = [layer for layer in layers if layer.type == trt.LayerType.CONVOLUTION]
    made_by = {layer.get_output(0).name: layer for layer in layers}
    assert len(convolutions) == 20
    for convolution in convolutions:
        for index in (0, 1):  # picture and weights
            dequantised = made_by[convolution.get_input(index).name]
            assert dequantised.type == trt.LayerType.DEQUANTIZE
            assert dequantised.get_input(0).dtype == trt.int8


def test_the_real_parser_refuses_the_int8_graph_of_onnx_runtime(exported_folder: Path, tmp_path: Path) -> None:
    """Which is why there are two."""
    faces = np.random.RandomState(0).randn(2, 3, 112, 112).astype(np.float32)
    quantise_encoder(exported_folder / FRAME_ENCODER_FILE, tmp_path / "unsigned.onnx", faces)
    with pytest.raises(EngineBuildError, match="TensorRT does not read it: .*(zero point|type Int32)"):
        build_plan(find_tensorrt(), recipe(tmp_path / "unsigned.onnx", "int8"))


def test_the_real_builder_says_what_it_cannot_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.STRING, [1])
    node = onnx.helper.make_node("Cast", ["x"], ["y"], to=onnx.TensorProto.STRING)
    graph = onnx.helper.make_graph([node], "strings", [value], [out])
    path = tmp_path / "window_head.onnx"
    opset = [onnx.helper.make_opsetid("", 16)]
    path.write_bytes(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())
    with caplog.at_level(logging.WARNING), pytest.raises(EngineBuildError, match="TensorRT does not read it"):
        build_plan(find_tensorrt(), Recipe(path, {"x": (1,)}, "fp32"))
    assert not caplog.records  # the exception tells it; nobody needs it twice


def given(path: Path) -> onnx.ModelProto:
    """A graph as TensorRT is given it: folded, but for the int8 one, which was folded before it was quantised."""
    if not path.is_file():
        pytest.skip(f"the shipped bundle holds no {path.name}")
    folded = path.name == FRAME_ENCODER_TENSORRT_INT8_FILE
    return onnx.load(str(path)) if folded else onnx.load_from_string(fold_constants(path))


def recipe(path: Path, precision: str) -> Recipe:
    shapes = {each.name: tuple(each.shape) for each in _session(path).get_inputs()}
    return Recipe(path, shapes, precision)


def _session(model: object) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        str(model) if isinstance(model, Path) else model, providers=["CPUExecutionProvider"]
    )


def _differences(one: bytes, other: bytes, inputs: Dict[str, np.ndarray]) -> Dict[str, float]:
    first, second = _session(one), _session(other)
    names = [each.name for each in first.get_outputs()]
    pairs = zip(names, first.run(names, inputs), second.run(names, inputs))
    return {name: float(np.abs(a - b).max()) for name, a, b in pairs}
