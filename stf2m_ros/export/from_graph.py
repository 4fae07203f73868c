"""The way back: the frame encoder of a bundle as a network that can be trained further."""

from pathlib import Path
from typing import Dict, Iterator, Optional, Tuple

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from stf2m_ros.export.to_onnx import HALF_SUFFIX
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig


def encoder_from_graph(path: Path, faces: Tensor, expected: Optional[FrameEncoderConfig] = None) -> FrameEncoder:
    """The network that `export_frame_encoder` wrote to path, with normalisations to train with.

    The graph holds none: they were folded into the convolutions. Each one here lets its input through unchanged, and
    holds the statistics that it has on faces (N, 3, H, W), normalised: so the network says what the graph says, and
    yet begins its training with fitting statistics. Raises ValueError when path is no such graph, or not of the
    expected sizes.
    """
    weights = _weights(path)
    try:
        sizes = FrameEncoderConfig(len(weights["conv1.bias"]), len(weights["project.bias"]))
        encoder = FrameEncoder(sizes)
        (projection,) = (value for name, value in weights.items() if value.ndim == 2 and "MatMul" in name)
        state = {"project.weight": projection.T, "project.bias": weights["project.bias"]}
        for convolution, normalisation in _pairs(encoder):
            state[f"{convolution}.weight"] = weights[f"{convolution}.weight"]
            state[f"{normalisation}.bias"] = weights[f"{convolution}.bias"]
        encoder.load_state_dict(
            {name: torch.from_numpy(np.array(value)) for name, value in state.items()}, strict=False
        )
    except (KeyError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path}: expected the frame encoder of a bundle, found a graph without {error}") from error
    if expected not in (None, sizes):
        raise ValueError(f"{path}: expected {expected}, found {sizes}")
    _settle(encoder.eval(), faces)
    return encoder


def _weights(path: Path) -> Dict[str, np.ndarray]:
    graph = onnx.load(str(path)).graph
    return {
        _name_in_network(weight.name): numpy_helper.to_array(weight).astype(np.float32) for weight in graph.initializer
    }


def _name_in_network(name: str) -> str:
    return name[: -len(HALF_SUFFIX)] if name.endswith(HALF_SUFFIX) else name


def _pairs(encoder: FrameEncoder) -> Iterator[Tuple[str, str]]:
    """Names of each convolution and the normalisation behind it."""
    for name, module in encoder.named_modules():
        if isinstance(module, nn.Conv2d):
            place, _, own = name.rpartition(".")
            behind = {"conv1": "bn1", "conv2": "bn2", "0": "1"}[own]
            yield name, f"{place}.{behind}" if place else behind


@torch.no_grad()
def _settle(encoder: FrameEncoder, faces: Tensor) -> None:
    """Give every normalisation the statistics of its input, and what undoes them."""
    layers = [module for module in encoder.modules() if isinstance(module, nn.BatchNorm2d)]
    for layer in layers:
        layer.running_var.fill_(1.0 - layer.eps)
    watching = [layer.register_forward_pre_hook(_note_statistics) for layer in layers]
    encoder(faces)
    for layer, watch in zip(layers, watching):
        watch.remove()
        layer.running_mean.copy_(layer.seen_mean)
        layer.running_var.copy_(layer.seen_variance)
        layer.weight.copy_((layer.seen_variance + layer.eps).sqrt())
        layer.bias.add_(layer.seen_mean)
        del layer.seen_mean, layer.seen_variance


def _note_statistics(layer: nn.BatchNorm2d, inputs: Tuple[Tensor]) -> None:
    layer.seen_variance, layer.seen_mean = torch.var_mean(inputs[0], dim=(0, 2, 3), correction=0)
