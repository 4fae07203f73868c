"""The frame encoder with Q/DQ nodes as TensorRT takes them: signed, without zero points, biases in float32.

TensorRT joins a convolution with the sum and the Relu behind it only where nothing stands between them. So of the two
sides of a residual sum the shortcut is quantised, and the convolution's is not. A DLA takes no Q/DQ nodes, but a range
for each tensor of the float32 graph: those are left in the metadata.
"""

import json
import tempfile
from pathlib import Path
from typing import Dict, List

import numpy as np
import onnx
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.calibrate import create_calibrator

from stf2m_ros.export.int8_calibration import FOLDED_FILE, FaceBatches, quantised
from stf2m_ros.runtime.bundle import sha256_of
from stf2m_ros.runtime.int8_encoder import RANGES_KEY
from stf2m_ros.runtime.made_graphs import SOURCE_KEY

_SIGNED = {
    "ActivationSymmetric": True,
    "QuantizeBias": False,  # TensorRT has no int32 to dequantise
    "OpTypesToExcludeOutputQuantization": ["Conv", "Add"],  # what reads a tensor says whether it is quantised
}
_SHORTCUT = "downsample"  # part of the names of the convolutions in a shortcut


def quantise_for_tensorrt(source: Path, target: Path, faces: np.ndarray) -> None:
    """Writes the int8 encoder for TensorRT. faces: (N, 3, H, W) normalised, to calibrate the activations with."""
    with tempfile.TemporaryDirectory() as folder:
        ready = quantised(source, Path(folder), faces, QuantType.QInt8, _SIGNED)
        _leave_sums_whole(ready.graph)
        _keep_used_domains(ready)
        _remember(
            ready, {SOURCE_KEY: sha256_of(source), RANGES_KEY: json.dumps(_ranges(Path(folder) / FOLDED_FILE, faces))}
        )
    onnx.save(ready, str(target))


def _leave_sums_whole(graph: onnx.GraphProto) -> None:
    """Lets each sum read the convolution of its block itself, and not what Q and DQ make of it."""
    made_by = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        for index, name in enumerate(node.input):
            before = _before_quantisation(made_by, name)
            maker = made_by.get(before)
            if before != name and maker is not None and maker.op_type == "Conv" and _SHORTCUT not in maker.name:
                node.input[index] = before
    _drop_unused(graph)


def _before_quantisation(made_by: Dict[str, onnx.NodeProto], name: str) -> str:
    dequantised = made_by.get(name)
    if dequantised is None or dequantised.op_type != "DequantizeLinear":
        return name
    quantised = made_by.get(dequantised.input[0])
    return name if quantised is None else quantised.input[0]


def _drop_unused(graph: onnx.GraphProto) -> None:
    outputs = {each.name for each in graph.output}
    while True:
        used = outputs | {name for node in graph.node for name in node.input}
        unused: List[onnx.NodeProto] = [node for node in graph.node if not used & set(node.output)]
        if not unused:
            break
        for node in unused:
            graph.node.remove(node)
    for weight in [each for each in graph.initializer if each.name not in used]:
        graph.initializer.remove(weight)
    del graph.value_info[:]


def _keep_used_domains(model: onnx.ModelProto) -> None:
    """Folding lists all domains that ONNX Runtime knows; TensorRT's importer need not know them."""
    used = {node.domain for node in model.graph.node}
    kept = [each for each in model.opset_import if each.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def _ranges(folded: Path, faces: np.ndarray) -> Dict[str, float]:
    """Name of each float32 tensor -> its largest size over the faces, to 6 digits."""
    augmented = folded.with_name("augmented.onnx")
    calibrator = create_calibrator(folded, op_types_to_calibrate=None, augmented_model_path=str(augmented))
    calibrator.collect_data(FaceBatches(faces))
    found = calibrator.compute_data().data
    sizes = {name: float(np.abs(np.stack(each.range_value)).max()) for name, each in found.items()}
    return {name: float(f"{size:.6g}") for name, size in sizes.items() if size > 0}


def _remember(model: onnx.ModelProto, metadata: Dict[str, str]) -> None:
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
