import pytest
import torch

from stf2m_ros.net.frame_encoder import FeatureFrontEnd, FrameEncoder, FrameEncoderConfig, regions_along_a_side


def test_a_face_of_112_pixels_becomes_16_region_tokens():
    encoder = FrameEncoder(FrameEncoderConfig(width=8, token_dim=64)).eval()
    assert encoder(torch.zeros(3, 3, 112, 112)).shape == (3, 16, 64)


def test_full_width_has_the_parameter_names_and_sizes_of_resnet_18():
    parameters = dict(FrameEncoder(FrameEncoderConfig()).named_parameters())
    assert parameters["conv1.weight"].shape == (64, 3, 7, 7)
    assert parameters["layer2.0.downsample.0.weight"].shape == (128, 64, 1, 1)
    assert parameters["layer4.1.bn2.weight"].shape == (512,)
    backbone = sum(p.numel() for name, p in parameters.items() if not name.startswith("project"))
    assert backbone == 11_689_512 - 512 * 1000 - 1000  # ResNet-18 less its classifier


def test_public_weights_load_and_what_they_lack_is_told():
    encoder = FrameEncoder(FrameEncoderConfig(width=8))
    weights = {name: torch.ones_like(value) for name, value in encoder.state_dict().items() if "project" not in name}
    weights["fc.weight"] = torch.zeros(1000, 64)
    assert encoder.load_imagenet(weights) == ["project.bias", "project.weight"]
    assert encoder.conv1.weight.eq(1).all()


def test_full_width_weights_are_refused_by_a_narrow_network():
    wide = FrameEncoder(FrameEncoderConfig(width=16)).state_dict()
    with pytest.raises(ValueError, match="conv1.weight: expected .8, 3, 7, 7., found .16, 3, 7, 7."):
        FrameEncoder(FrameEncoderConfig(width=8)).load_imagenet(wide)


def test_a_dim_picture_looks_like_a_bright_one():
    torch.manual_seed(0)
    encoder, face = FrameEncoder(FrameEncoderConfig(width=8)).eval(), torch.randn(1, 3, 112, 112)
    with torch.no_grad():
        torch.testing.assert_close(encoder(face), encoder(0.5 * face - 1.0), atol=0.05, rtol=0.1)
        assert torch.isfinite(encoder(torch.zeros(1, 3, 112, 112))).all()


def test_ready_features_become_region_tokens():
    assert FeatureFrontEnd(features=35, regions=16, token_dim=64)(torch.zeros(2, 35)).shape == (2, 16, 64)


def test_a_width_that_no_stage_can_have_is_refused():
    with pytest.raises(ValueError, match="multiple of 8, found 20"):
        FrameEncoderConfig(width=20)


@pytest.mark.parametrize("size_px", [32, 64, 97, 112, 128])
def test_the_regions_of_a_face_are_known_by_its_size(size_px):
    tokens = FrameEncoder(FrameEncoderConfig(width=8)).eval()(torch.zeros(1, 3, size_px, size_px))
    assert tokens.shape[1] == regions_along_a_side(size_px) ** 2
