"""The two graphs of a bundle: opset 16, so that TensorRT 8.5 reads them; large weights stored as float16."""

import copy
import warnings
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.export.unrolled_recurrence import UnrolledRecurrence
from stf2m_ros.net.frame_encoder import FeatureFrontEnd, FrameEncoder
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.recurrent_head import RecurrentHead
from stf2m_ros.net.stf2m import HeadInputs, WindowHead
from stf2m_ros.runtime.engine import (
    FRAME_ENCODER_INPUTS,
    FRAME_ENCODER_OUTPUTS,
    WINDOW_HEAD_INPUTS,
    WINDOW_HEAD_OUTPUTS,
)
from stf2m_ros.stream.settings import WindowGrid

OPSET = 16
"""At 17 torch emits LayerNormalization, which TensorRT 8.5 lacks."""

HALF_SUFFIX = "_half"
"""Of the names of weights that are stored as float16."""

FEATURES_INPUT = "features"

_SMALL = 256  # numbers; what is smaller keeps its float32


class _HeadGraph(nn.Module):
    """The window head with its arguments flat, in the order of WINDOW_HEAD_INPUTS."""

    def __init__(self, head: WindowHead) -> None:
        super().__init__()
        self.head = copy.deepcopy(head)
        if isinstance(head.recurrent, RecurrentHead):
            self.head.recurrent = UnrolledRecurrence(head.recurrent)

    def forward(self, *flat: Tensor) -> Tuple[Tensor, ...]:
        inputs, rules, (ranges, last_layer) = HeadInputs(*flat[:4]), RuleTensors(*flat[4:9]), flat[9:]
        return tuple(self.head(inputs, rules, ranges, last_layer))


def export_frame_encoder(encoder: FrameEncoder, size_px: int, path: Path) -> None:
    """faces (N, 3, size, size) -> tokens (N, R, D), any N."""
    faces = torch.zeros(2, 3, size_px, size_px)
    _export(encoder, (faces,), FRAME_ENCODER_INPUTS, FRAME_ENCODER_OUTPUTS, path, dynamic=["faces", "tokens"])


def export_feature_front_end(front_end: FeatureFrontEnd, path: Path) -> None:
    """features (N, F) -> tokens (N, R, D), any N. Its input's name tells the robot that it is none for a camera."""
    rows, tokens = torch.zeros(2, front_end.features), FRAME_ENCODER_OUTPUTS
    _export(front_end, (rows,), (FEATURES_INPUT,), tokens, path, dynamic=[FEATURES_INPUT, *tokens])


def export_window_head(head: WindowHead, grid: WindowGrid, max_rules: int, path: Path) -> None:
    """One window; the shapes are those of stf2m_ros.runtime.engine."""
    _export(
        _HeadGraph(head), head_example(head, grid, max_rules), WINDOW_HEAD_INPUTS, WINDOW_HEAD_OUTPUTS, path, dynamic=[]
    )


def head_example(head: WindowHead, grid: WindowGrid, max_rules: int) -> Tuple[Tensor, ...]:
    """Zeros in the shapes that the window head takes."""
    config = head.config
    shapes = (
        (1, grid.slots, config.rows * config.columns, config.token_dim),
        (1, grid.slots),
        (1, grid.segments, config.text_dim),
        (1, grid.segments),
        (max_rules, 12),
        (max_rules, 12),
        (max_rules,),
        (max_rules, 7),
        (max_rules, 3),
        (2,),
        (NUM_CLASSES, config.embedding_dim + 1),
    )
    return tuple(torch.zeros(shape) for shape in shapes)


def shippable(encoder: FrameEncoder) -> FrameEncoder:
    """A copy as the bundle holds it: normalisations folded into their convolutions, weights rounded to float16."""
    copied = copy.deepcopy(encoder).eval()
    for module in list(copied.modules()):
        pairs = [("conv1", "bn1"), ("conv2", "bn2")] if not isinstance(module, nn.Sequential) else [("0", "1")]
        for convolution, normalisation in pairs:
            if isinstance(getattr(module, normalisation, None), nn.BatchNorm2d):
                fused = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, normalisation))
                setattr(module, convolution, fused)
                setattr(module, normalisation, nn.Identity())
    round_to_half(copied)
    return copied


def round_to_half(module: nn.Module) -> None:
    """Round, in place, the weights that a bundle stores as float16: scores and parity are then of what is shipped."""
    for tensor in module.state_dict().values():
        if tensor.is_floating_point() and tensor.numel() >= _SMALL:
            tensor.copy_(tensor.half().float())


def _export(
    module: nn.Module,
    example: Tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    path: Path,
    dynamic: List[str],
) -> None:
    module.eval()
    with warnings.catch_warnings():
        # The exporter without dynamo is the one that decomposes for opset 16; torch announces its end at every call.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example,
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=False,
            dynamic_axes={name: {0: "frames"} for name in dynamic},
        )
    graph = onnx.load(str(path))
    store_weights_as_half(graph)
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, str(path))


def store_weights_as_half(model: onnx.ModelProto) -> None:
    """Large float32 weights become float16 with a Cast behind; runtimes fold the Cast when they load the graph."""
    graph = model.graph
    casts: Dict[str, onnx.NodeProto] = {}
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        half = numpy_helper.from_array(values.astype(np.float16), weight.name + HALF_SUFFIX)
        casts[weight.name] = helper.make_node(
            "Cast", [half.name], [weight.name], to=TensorProto.FLOAT, name="widen_" + weight.name
        )
        graph.initializer.remove(weight)
        graph.initializer.append(half)
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts.values(), *nodes])
