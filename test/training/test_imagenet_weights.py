"""Files as the widely used implementation of ResNet-18 writes them: its names, its shapes, its classifier."""

import re

import pytest
import torch
from safetensors.torch import save_file

from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.training.config import load_config
from stf2m_ros.training.imagenet_weights import begin_with_imagenet, check_imagenet


def convolution(outputs, inputs, size):
    return torch.full((outputs, inputs, size, size), 0.5)


def normalisation(prefix, channels, counters):
    names = ("weight", "bias", "running_mean", "running_var")
    found = {f"{prefix}.{name}": torch.ones(channels) for name in names}
    return {**found, **({f"{prefix}.num_batches_tracked": torch.tensor(7)} if counters else {})}


def public_weights(width=64, counters=True, blocks=2):
    """The state dict of a ResNet-18, written out by name; blocks=3: of a deeper one."""
    weights = {"conv1.weight": convolution(width, 3, 7), **normalisation("bn1", width, counters)}
    inputs = width
    for stage, channels in enumerate((width, 2 * width, 4 * width, 8 * width), start=1):
        for block in range(blocks):
            prefix = f"layer{stage}.{block}"
            weights[f"{prefix}.conv1.weight"] = convolution(channels, inputs, 3)
            weights.update(normalisation(f"{prefix}.bn1", channels, counters))
            weights[f"{prefix}.conv2.weight"] = convolution(channels, channels, 3)
            weights.update(normalisation(f"{prefix}.bn2", channels, counters))
            if stage > 1 and block == 0:
                weights[f"{prefix}.downsample.0.weight"] = convolution(channels, inputs, 1)
                weights.update(normalisation(f"{prefix}.downsample.1", channels, counters))
            inputs = channels
    return {**weights, "fc.weight": torch.zeros(1000, 8 * width), "fc.bias": torch.zeros(1000)}


def encoder_of(width):
    return FrameEncoder(FrameEncoderConfig(width=width, token_dim=8))


@pytest.mark.parametrize("counters", [True, False], ids=["newer", "older file"])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_everything_but_the_projection_is_taken_over(tmp_path, suffix, counters):
    path, encoder = tmp_path / f"resnet18{suffix}", encoder_of(8)
    (save_file if suffix == ".safetensors" else torch.save)(public_weights(8, counters), path)
    before = encoder.project.weight.clone()
    begin_with_imagenet(encoder, path)
    assert all(value.eq(0.5).all() for name, value in encoder.state_dict().items() if "conv" in name)
    assert encoder.layer4[1].bn2.running_mean.eq(1).all()
    assert torch.equal(encoder.project.weight, before)


def test_a_file_of_full_width_fits_the_default_encoder(tmp_path):
    save_file(public_weights(), tmp_path / "resnet18.safetensors")
    begin_with_imagenet(FrameEncoder(FrameEncoderConfig()), tmp_path / "resnet18.safetensors")


def test_a_narrow_encoder_is_told_the_width_that_the_weights_need(tmp_path):
    save_file(public_weights(16), tmp_path / "resnet18.safetensors")
    with pytest.raises(ValueError, match="expected encoder.width 16, which these weights need, found 8"):
        begin_with_imagenet(encoder_of(8), tmp_path / "resnet18.safetensors")
    with pytest.raises(ValueError, match="expected encoder.width 16, which these weights need, found 8"):
        check_imagenet(FrameEncoderConfig(width=8), tmp_path / "resnet18.safetensors")


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        ({"model.conv1.weight": torch.zeros(1)}, "expected the state dict of a ResNet-18, found no conv1.weight"),
        (public_weights(8, blocks=3), "expected the state dict of a ResNet-18, found layer1.2.conv1.weight"),
        ({"state_dict": public_weights(8), "epoch": 3}, "expected a state dict of tensors alone, found dict, int"),
        ({"weights": pytest.fail}, "expected a state dict of tensors alone, found a file that is none"),
    ],
    ids=["other names", "a deeper network", "a checkpoint around it", "code"],
)
def test_another_file_is_told_from_a_resnet_18(tmp_path, weights, complaint):
    torch.save(weights, tmp_path / "some.pth")
    with pytest.raises(ValueError, match=re.escape(complaint)) as error:
        begin_with_imagenet(encoder_of(8), tmp_path / "some.pth")
    assert "some.pth" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_that_holds_no_weights_is_told_in_one_line(tmp_path, suffix):
    path = tmp_path / f"page{suffix}"
    path.write_text("<html>not found</html>")
    with pytest.raises(ValueError, match="expected a state dict of tensors alone, found a file that is none"):
        begin_with_imagenet(encoder_of(8), path)


def test_a_missing_file_and_another_kind_of_file_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected ImageNet weights, found no file"):
        begin_with_imagenet(encoder_of(8), tmp_path / "none.pth")
    with pytest.raises(ValueError, match="expected weights in a file of .safetensors, .pth, .pt"):
        begin_with_imagenet(encoder_of(8), tmp_path / "weights.h5")


def test_a_run_begins_with_a_bundle_or_with_imagenet_not_with_both(tmp_path):
    (tmp_path / "both.yaml").write_text("start_from: models/a\npretraining: {imagenet_weights: resnet18.pth}\n")
    with pytest.raises(ValueError, match="expected start_from or pretraining.imagenet_weights, found both"):
        load_config(tmp_path / "both.yaml")
