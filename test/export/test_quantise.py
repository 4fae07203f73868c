import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from stf2m_ros.export.engine_loss import EnginePair, measure_losses
from stf2m_ros.export.quantise import add_int8, calibration_faces, quantise_encoder
from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_FILE,
    FRAME_ENCODER_INT8_FILE,
    FRAME_ENCODER_TENSORRT_INT8_FILE,
    WINDOW_HEAD_FILE,
    Bundle,
    BundleMismatch,
    load_bundle,
    write_card,
)
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.folded_graph import fold_constants
from stf2m_ros.runtime.int8_encoder import tensorrt_ranges
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.stream.settings import Preprocessing


@pytest.fixture(scope="module")
def folder(tiny_bundle_folder: Path, exported_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with both real graphs and the int8 one."""
    folder = tmp_path_factory.mktemp("int8") / "bundle"
    shutil.copytree(tiny_bundle_folder, folder)
    for name in (FRAME_ENCODER_FILE, WINDOW_HEAD_FILE):
        shutil.copyfile(exported_folder / name, folder / name)
    write_card(folder, load_bundle(tiny_bundle_folder).card)
    add_int8(folder, clips=1)
    return folder


@pytest.fixture
def bundle(folder: Path) -> Bundle:
    return load_bundle(folder)


def test_tokens_of_the_int8_encoder_are_near_those_of_float32(bundle: Bundle) -> None:
    faces = calibration_faces(1, Preprocessing())[:4]
    exact, found = (
        open_onnx_engines(bundle, precision=precision).frame_encoder.run({"faces": faces})["tokens"]
        for precision in ("fp32", "int8")
    )
    assert np.abs(exact - found).max() > 0
    assert np.sqrt(np.square(exact - found).mean() / np.square(exact).mean()) < 0.1


def test_every_convolution_has_8_bit_weights_with_a_scale_for_each_channel(folder: Path) -> None:
    graph = onnx.load(str(folder / FRAME_ENCODER_INT8_FILE)).graph
    weights = {each.name: each for each in graph.initializer}
    made_by = {node.output[0]: node for node in graph.node}
    for node in (node for node in graph.node if node.op_type == "Conv"):
        dequantised = made_by[node.input[1]]
        assert dequantised.op_type == "DequantizeLinear"
        assert weights[dequantised.input[0]].data_type == onnx.TensorProto.INT8
        assert weights[dequantised.input[1]].dims[0] == weights[dequantised.input[0]].dims[0]


def test_the_card_lists_the_files_and_tells_what_they_lose(bundle: Bundle) -> None:
    assert FRAME_ENCODER_INT8_FILE in bundle.card.files
    assert FRAME_ENCODER_TENSORRT_INT8_FILE in bundle.card.files
    for form in ("int8", "int8_tensorrt"):
        assert bundle.card.scores[form].keys() >= {"accuracy", "accuracy_fp32", "same_class", "tokens_worst"}


def test_a_bundle_without_one_runs_float32_and_says_so(
    tiny_bundle_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engines = open_onnx_engines(load_bundle(tiny_bundle_folder), precision="int8")
    assert engines.frame_encoder.run({"faces": np.zeros((1, 3, 112, 112), np.float32)})["tokens"].shape == (1, 16, 64)
    assert "holds no frame_encoder.int8.onnx" in caplog.text


def test_one_that_was_made_from_another_encoder_is_refused(bundle: Bundle) -> None:
    other = replace(bundle, card=replace(bundle.card, files={**bundle.card.files, FRAME_ENCODER_FILE: "0" * 64}))
    with pytest.raises(BundleMismatch, match="expected it to be made from frame_encoder.onnx of sha256 000000000000"):
        open_onnx_engines(other, precision="int8")


def test_tokens_of_tensorrts_int8_encoder_are_near_those_of_float32(bundle: Bundle) -> None:
    faces = calibration_faces(1, Preprocessing())[:4]
    exact = open_onnx_engines(bundle).frame_encoder.run({"faces": faces})["tokens"]
    found = OnnxEngine(bundle.path(FRAME_ENCODER_TENSORRT_INT8_FILE)).run({"faces": faces})["tokens"]
    assert np.abs(exact - found).max() > 0
    assert np.sqrt(np.square(exact - found).mean() / np.square(exact).mean()) < 0.1


def test_what_tensorrt_gets_is_signed_and_without_zero_points(folder: Path) -> None:
    graph = onnx.load(str(folder / FRAME_ENCODER_TENSORRT_INT8_FILE)).graph
    constants = {each.name: each for each in graph.initializer}
    made_by = {node.output[0]: node for node in graph.node}
    for node in (node for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")):
        scale, zero_point = (constants[name] for name in node.input[1:])
        assert zero_point.data_type == onnx.TensorProto.INT8
        assert not onnx.numpy_helper.to_array(zero_point).any()
        assert (onnx.numpy_helper.to_array(scale) > 0).all()
        assert scale.dims == zero_point.dims
        of_weights = node.input[0] in constants
        assert bool(scale.dims) == of_weights, "weights have a scale for each channel, maps have one"
    for node in (node for node in graph.node if node.op_type == "Conv"):
        assert {made_by[name].op_type for name in node.input[:2]} == {"DequantizeLinear"}
        assert constants[node.input[2]].data_type == onnx.TensorProto.FLOAT


def test_nothing_stands_between_a_block_and_its_sum(folder: Path) -> None:
    """So that TensorRT makes one kernel of convolution, sum and Relu; the shortcut is what is quantised."""
    graph = onnx.load(str(folder / FRAME_ENCODER_TENSORRT_INT8_FILE)).graph
    made_by = {node.output[0]: node.op_type for node in graph.node}
    sums = [node for node in graph.node if node.op_type == "Add" and node.name.startswith("/layer")]
    assert len(sums) == 8
    assert [sorted(made_by[name] for name in node.input) for node in sums] == [["Conv", "DequantizeLinear"]] * 8


def test_a_range_is_told_of_every_tensor_of_the_float32_graph(bundle: Bundle) -> None:
    """A DLA computes in int8 only where it knows them all."""
    graph = onnx.load_from_string(fold_constants(bundle.path(FRAME_ENCODER_FILE))).graph
    ranges = tensorrt_ranges(bundle)
    computed = {node.output[0] for node in graph.node if node.op_type in ("Conv", "Add", "Relu", "MaxPool")}
    assert computed | {"faces", "tokens"} <= ranges.keys()
    assert all(value > 0 for value in ranges.values())


def test_ranges_of_another_encoder_are_refused(bundle: Bundle) -> None:
    other = replace(bundle, card=replace(bundle.card, files={**bundle.card.files, FRAME_ENCODER_FILE: "0" * 64}))
    with pytest.raises(BundleMismatch, match="int8_tensorrt.onnx: expected it to be made from frame_encoder.onnx"):
        tensorrt_ranges(other)


def test_the_source_stands_in_the_graph(exported_folder: Path, tmp_path: Path) -> None:
    faces = np.random.RandomState(0).randn(4, 3, 112, 112).astype(np.float32)
    quantise_encoder(exported_folder / FRAME_ENCODER_FILE, tmp_path / "int8.onnx", faces)
    assert any(len(value) == 64 for value in OnnxEngine(tmp_path / "int8.onnx").metadata.values())


def test_a_head_that_errs_in_nothing_loses_nothing(bundle: Bundle) -> None:
    engines = open_onnx_engines(bundle)
    loss = measure_losses(bundle, {"same": EnginePair(engines.frame_encoder, engines.window_head)}, clips=1)["same"]
    assert (loss.same_class, loss.tokens_worst, loss.logits_worst, loss.segments) == (1, 0, 0, 60)
    assert loss.accuracy == loss.accuracy_fp32
