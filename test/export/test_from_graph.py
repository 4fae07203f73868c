"""A graph's weights come back as a network that says the same and can be trained."""

import pytest
import torch

from stf2m_ros.export.from_graph import encoder_from_graph
from stf2m_ros.export.to_onnx import OPSET, export_frame_encoder, shippable
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig

FACES = torch.randn(12, 3, 112, 112, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    torch.manual_seed(0)
    encoder = FrameEncoder(FrameEncoderConfig(width=8)).train()
    encoder(FACES)  # so that the normalisations have something to fold
    encoder = shippable(encoder)
    path = tmp_path_factory.mktemp("graph") / "frame_encoder.onnx"
    export_frame_encoder(encoder, 112, path)
    return encoder, path


@torch.no_grad()
def test_the_network_says_what_the_graph_says(shipped):
    encoder, path = shipped
    assert torch.allclose(encoder_from_graph(path, FACES)(FACES), encoder(FACES), atol=1e-4)


@torch.no_grad()
def test_in_training_its_normalisations_begin_with_fitting_statistics(shipped):
    encoder, path = shipped
    assert torch.allclose(encoder_from_graph(path, FACES).train()(FACES), encoder(FACES), atol=1e-3)


def test_it_can_be_trained_and_shipped_again(shipped):
    again = encoder_from_graph(shipped[1], FACES).train()
    again(FACES).square().mean().backward()
    assert all(parameter.grad is not None for parameter in again.parameters())
    assert shippable(again)(FACES).shape == (12, 16, 64)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_another_graph_is_refused_by_name(tmp_path):
    path = tmp_path / "other.onnx"
    torch.onnx.export(torch.nn.Linear(3, 2), (torch.zeros(1, 3),), str(path), opset_version=OPSET, dynamo=False)
    with pytest.raises(ValueError, match="other.onnx: expected the frame encoder of a bundle, found a graph without"):
        encoder_from_graph(path, FACES)


def test_a_file_that_is_no_graph_is_refused_by_name(tmp_path):
    (tmp_path / "cut.onnx").write_bytes(b"not a graph")
    with pytest.raises(ValueError, match="cut.onnx: expected a graph of a bundle, found a file that is none"):
        encoder_from_graph(tmp_path / "cut.onnx", FACES)


def test_an_encoder_of_another_width_is_refused_with_both_sizes(shipped):
    with pytest.raises(ValueError, match=r"expected FrameEncoderConfig\(width=24.*found FrameEncoderConfig\(width=8"):
        encoder_from_graph(shipped[1], FACES, FrameEncoderConfig(width=24))
