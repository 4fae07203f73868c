"""The tiny bundle's frame encoder in both int8 forms, written by hand: quantising needs more than a robot has."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_FILE,
    FRAME_ENCODER_INT8_FILE,
    FRAME_ENCODER_TENSORRT_INT8_FILE,
    read_card,
    sha256_of,
    write_card,
)
from stf2m_ros.runtime.int8_encoder import RANGES_KEY
from stf2m_ros.runtime.made_graphs import SOURCE_KEY

STEP = 0.02
"""Of the mean colours: normalised, they lie within 2.5."""
RANGES = {"faces": 5.0, "fields": 2.54, "channels_last": 2.54, "colours": 2.54, "tokens": 8.0}


def add_tiny_int8(folder: Path) -> None:
    """Writes both forms into a folder that write_tiny_bundle made, and lists them in its card."""
    source = folder / FRAME_ENCODER_FILE
    for name, zero_point in ((FRAME_ENCODER_INT8_FILE, np.uint8(128)), (FRAME_ENCODER_TENSORRT_INT8_FILE, np.int8(0))):
        model = onnx.load(str(source))
        _quantise_product(model.graph, zero_point)
        for key, value in ((SOURCE_KEY, sha256_of(source)), (RANGES_KEY, json.dumps(RANGES))):
            model.metadata_props.add(key=key, value=value)
        onnx.save(model, str(folder / name))
    write_card(folder, read_card(folder))


def _quantise_product(graph: onnx.GraphProto, zero_point: np.generic) -> None:
    product = next(node for node in graph.node if node.op_type == "MatMul")
    weight = next(each for each in graph.initializer if each.name == product.input[1])
    values = numpy_helper.to_array(weight)
    step = np.float32(np.abs(values).max() / 127)
    graph.initializer.remove(weight)
    constants = {
        "weight_int8": np.round(values / step).astype(np.int8),
        "weight_step": step,
        "weight_zero": np.int8(0),
        "colour_step": np.float32(STEP),
        "colour_zero": zero_point,
    }
    graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items())
    colours, place = product.input[0], list(graph.node).index(product)
    steps = (
        ("QuantizeLinear", [colours, "colour_step", "colour_zero"], "colours_int8"),
        ("DequantizeLinear", ["colours_int8", "colour_step", "colour_zero"], "colours_again"),
        ("DequantizeLinear", ["weight_int8", "weight_step", "weight_zero"], "weight_again"),
    )
    for offset, (operator, inputs, output) in enumerate(steps):
        graph.node.insert(place + offset, helper.make_node(operator, inputs, [output], name=f"{operator}_{output}"))
    product.input[0], product.input[1] = "colours_again", "weight_again"
