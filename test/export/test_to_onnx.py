from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from stf2m_ros.export.parity import encoder_difference, head_differences
from stf2m_ros.export.to_onnx import export_frame_encoder, export_window_head, round_to_half, shippable
from stf2m_ros.export.unrolled_recurrence import UnrolledRecurrence
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.recurrent_head import RecurrentHead
from stf2m_ros.net.stf2m import WindowHead, WindowHeadConfig
from stf2m_ros.runtime.folded_graph import fold_constants
from stf2m_ros.stream.settings import WindowGrid

RULES = RuleTensors.from_table(load_rule_base(Path(__file__).parents[2] / "config/rules/facs.yaml").table())
RANGES = torch.tensor([0.4, 0.4])


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    """Both graphs at their real shape, with normalisations that have seen data."""
    folder = tmp_path_factory.mktemp("graphs")
    torch.manual_seed(0)
    encoder = FrameEncoder(FrameEncoderConfig(width=16)).train()
    with torch.no_grad():
        encoder(torch.randn(8, 3, 112, 112) * 2 + 1)
    encoder, head = shippable(encoder), WindowHead(WindowHeadConfig()).eval()
    round_to_half(head)
    export_frame_encoder(encoder, 112, folder / "encoder.onnx")
    export_window_head(head, WindowGrid(), 64, folder / "head.onnx")
    return encoder, head, folder


def test_the_encoder_says_the_same_in_torch_and_onnx_runtime(graphs):
    encoder, _, folder = graphs
    faces = np.random.default_rng(0).normal(size=(3, 3, 112, 112)).astype(np.float32)
    assert encoder_difference(encoder, folder / "encoder.onnx", faces) < 1e-4


def test_the_window_head_says_the_same_in_torch_and_onnx_runtime(graphs):
    _, head, folder = graphs
    differences = head_differences(head, folder / "head.onnx", RULES, RANGES, WindowGrid(), seed=0)
    assert max(differences.values()) < 1e-4


def test_the_shipped_encoder_is_the_trained_one_but_for_rounding():
    torch.manual_seed(0)
    trained = FrameEncoder(FrameEncoderConfig(width=8)).train()
    with torch.no_grad():
        trained(torch.randn(8, 3, 112, 112))
    trained.eval()
    faces = torch.randn(2, 3, 112, 112)
    with torch.no_grad():
        torch.testing.assert_close(shippable(trained)(faces), trained(faces), atol=1e-2, rtol=1e-2)


def test_both_graphs_are_opset_16_without_operators_that_tensorrt_8_lacks(graphs):
    for name in ("encoder.onnx", "head.onnx"):
        model = onnx.load(str(graphs[2] / name))
        assert model.opset_import[0].version == 16
        assert not {"LayerNormalization", "Gelu", "ArgMax", "Loop", "GRU"} & {node.op_type for node in model.graph.node}


def test_large_weights_are_stored_as_float16(graphs):
    weights = onnx.load(str(graphs[2] / "encoder.onnx")).graph.initializer
    large = [weight for weight in weights if np.prod(weight.dims) >= 256]
    assert large
    assert {weight.data_type for weight in large} == {onnx.TensorProto.FLOAT16}


def test_a_step_of_the_recurrence_is_one_product_and_nine_small_nodes(graphs):
    """On one window the cost of a node is the time to call it: the steps were two thirds of the head's nodes."""
    nodes = onnx.load_from_string(fold_constants(graphs[2] / "head.onnx")).graph.node
    steps = [node for node in nodes if node.name.startswith("/head/recurrent/")]
    assert sum(node.op_type == "Gemm" for node in steps) == 60 + 1  # and one that reads all segments
    assert len(steps) < 60 * 10 + 40


def test_the_unrolled_recurrence_says_what_the_recurrent_head_says():
    torch.manual_seed(0)
    head = RecurrentHead(features=7, hidden=5)
    torch.nn.init.normal_(head.recur_bias)  # zeros, as it begins, would hide where it is added
    x = torch.randn(1, 9, 7)
    with torch.no_grad():
        torch.testing.assert_close(UnrolledRecurrence(head)(x), head(x), atol=1e-6, rtol=1e-5)


def test_exporting_leaves_the_network_as_it_was(graphs):
    assert isinstance(graphs[1].recurrent, RecurrentHead)
