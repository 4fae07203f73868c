"""A window head's weights come back from its graph, to be trained on."""

import copy

import pytest
import torch

from stf2m_ros.export.from_graph import load_head_from_graph
from stf2m_ros.export.to_onnx import export_frame_encoder, export_window_head, round_to_half
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.net.stf2m import WindowHead, WindowHeadConfig
from stf2m_ros.stream.settings import WindowGrid

GRID = WindowGrid(span_s=5.0)


def a_head(**changes):
    head = WindowHead(WindowHeadConfig(**changes)).eval()
    with torch.no_grad():  # biases and the learned part of the graph begin at nothing, where a mix-up would not show
        for parameter in head.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    round_to_half(head)
    return head


@pytest.mark.parametrize("changes", [{}, {"word_evidence": True, "embedding_dim": 64}])
def test_every_weight_comes_back_but_for_the_last_layer(tmp_path, changes):
    torch.manual_seed(0)
    written, again = a_head(**changes), a_head(**changes)
    export_window_head(written, GRID, 64, tmp_path / "head.onnx")
    kept = again.last_layer.clone()
    load_head_from_graph(tmp_path / "head.onnx", again)
    expected = copy.deepcopy(written.state_dict())
    expected["last_layer"] = kept
    for name, value in again.state_dict().items():
        torch.testing.assert_close(value, expected[name], msg=name)


def test_a_head_of_another_size_is_refused_in_one_line(tmp_path):
    export_window_head(a_head(embedding_dim=64), GRID, 64, tmp_path / "head.onnx")
    with pytest.raises(
        ValueError, match=r"head.onnx: expected the window head of a bundle, of WindowHeadConfig\(.*size"
    ) as told:
        load_head_from_graph(tmp_path / "head.onnx", a_head())
    assert "\n" not in str(told.value)


def test_another_graph_is_refused(tmp_path):
    export_frame_encoder(FrameEncoder(FrameEncoderConfig(width=8)).eval(), 64, tmp_path / "other.onnx")
    with pytest.raises(ValueError, match="other.onnx: expected the window head of a bundle"):
        load_head_from_graph(tmp_path / "other.onnx", a_head())
