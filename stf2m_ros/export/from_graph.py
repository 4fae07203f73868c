"""The way back: the networks of a bundle as networks that can be trained further."""

from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from stf2m_ros.export.to_onnx import HALF_SUFFIX
from stf2m_ros.export.unrolled_recurrence import each_direction
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.net.stf2m import WindowHead

_HEAD = "head."
"""Before the names of its weights in the window head's graph."""
_OTHERWISE_NAMED = {"pool.gate": "pool.gate.linear", "read": "evidence.read"}
"""Layers whose product is taken outside of them: the graph names it after who takes it."""


def encoder_from_graph(path: Path, faces: Tensor, expected: Optional[FrameEncoderConfig] = None) -> FrameEncoder:
    """The network that `export_frame_encoder` wrote to path, with normalisations to train with.

    The graph holds none: they were folded into the convolutions. Each one here lets its input through unchanged, and
    holds the statistics that it has on faces (N, 3, H, W), normalised: so the network says what the graph says, and
    yet begins its training with fitting statistics. Raises ValueError when path is no such graph, or not of the
    expected sizes.
    """
    weights = _weights(path)
    sizes = _sizes(path, weights)
    if expected not in (None, sizes):
        raise ValueError(f"{path}: expected {expected}, found {sizes}")
    encoder = FrameEncoder(sizes)
    try:
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
    _settle(encoder.eval(), faces)
    return encoder


def load_head_from_graph(path: Path, head: WindowHead) -> None:
    """Gives the head the weights of the graph that `export_window_head` wrote to path, all but its last layer.

    The last layer is an input of the graph. Raises ValueError when path is no such graph, or one of another size, or
    that of a head which has learned nothing: of weights that are equal the graph holds one.
    """
    weights = _weights(path)
    state = {name[len(_HEAD) :]: value for name, value in weights.items() if name.startswith(_HEAD)}
    state.update((_layer(node.name), weights[node.input[1]].T) for node in _products(path) if node.input[1] in weights)
    try:
        state["recurrent.recur"] = each_direction(state["recurrent.recur"])
        state["recurrent.recur_bias"] = state["recurrent.recur_bias"].reshape(2, 1, -1)
        tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
        head.load_state_dict({**tensors, "last_layer": head.last_layer.detach()})
    except (KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: expected the window head of a bundle, of {head.config}, found: {reason}") from error


def _products(path: Path) -> List[onnx.NodeProto]:
    """Those of the graph; a constant factor lost its name in the network when it was transposed for them."""
    return [node for node in onnx.load(str(path)).graph.node if node.op_type == "MatMul"]


def _layer(node_name: str) -> str:
    """Of "/head/embed/embed.1/MatMul" "embed.1.weight": each part of a Sequential repeats the name of the whole."""
    *parts, _ = node_name.strip("/").split("/")
    whole = [part for part, inner in zip(parts, [*parts[1:], ""]) if not inner.startswith(f"{part}.")]
    name = ".".join(whole)[len(_HEAD) :]
    return f"{_OTHERWISE_NAMED.get(name, name)}.weight"


def encoder_sizes(path: Path) -> FrameEncoderConfig:
    """Of the network that `export_frame_encoder` wrote to path. Raises ValueError when path is no such graph."""
    return _sizes(path, _weights(path))


def _sizes(path: Path, weights: Mapping[str, np.ndarray]) -> FrameEncoderConfig:
    try:
        return FrameEncoderConfig(len(weights["conv1.bias"]), len(weights["project.bias"]))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: expected the frame encoder of a bundle, found a graph without {error}") from error


def _weights(path: Path) -> Dict[str, np.ndarray]:
    """Initializers as float32, by their names in the network."""
    from google.protobuf.message import DecodeError  # onnx brings it, under no name of its own

    try:
        graph = onnx.load(str(path)).graph
    except DecodeError as error:
        raise ValueError(f"{path}: expected a graph of a bundle, found a file that is none") from error
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
