"""What both int8 forms of the frame encoder share: the faces to calibrate with, the nodes in 8 bits, the quantiser."""

from pathlib import Path
from typing import Any, Dict, Iterator, Optional

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from stf2m_ros.data.generated_faces.clip import generate_clip
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.runtime.folded_graph import fold_constants
from stf2m_ros.stream.frame_preprocessing import normalise
from stf2m_ros.stream.settings import Preprocessing

BATCH = 8
FOLDED_FILE = "folded.onnx"
_SEED = 7000
_WITHIN_STAGES = "/layer"  # names of the backbone's nodes; the sum in evenly_lit lies outside


def calibration_faces(clips: int, preprocessing: Preprocessing) -> np.ndarray:
    """(N, 3, H, W) normalised, of generated persons in all lights, as the encoder is shown them."""
    settings = GeneratorSettings(duration_s=3.0, frames_per_s=2.0, size_px=preprocessing.size_px)
    frames = [generate_clip(_SEED + number, settings).frames for number in range(clips)]
    return normalise(np.concatenate(frames), preprocessing)


class FaceBatches(CalibrationDataReader):
    """Hands out the faces, a few at a time."""

    def __init__(self, faces: np.ndarray) -> None:
        self._batches: Iterator[np.ndarray] = iter(np.split(faces, range(BATCH, len(faces), BATCH)))

    def get_next(self) -> Optional[Dict[str, np.ndarray]]:
        batch = next(self._batches, None)
        return None if batch is None else {"faces": batch}


def quantised(
    source: Path,
    folder: Path,
    faces: np.ndarray,
    activations: QuantType,
    extra_options: Optional[Dict[str, Any]] = None,
) -> onnx.ModelProto:
    """The encoder with Q/DQ nodes: convolutions, and the sums within the stages; weights signed, a scale each channel.

    folder: for files in between; FOLDED_FILE stays there, the graph in float32 whose nodes were quantised. Normalising
    the picture and projecting the last map stay float32: their cost is small, and their error is not.
    """
    model, folded, target = onnx.load_from_string(fold_constants(source)), folder / FOLDED_FILE, folder / "q_dq.onnx"
    # Tells the quantiser that nothing is left to fold, which it would warn of.
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    onnx.save(model, str(folded))
    quantize_static(
        str(folded),
        str(target),
        FaceBatches(faces),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=activations,
        weight_type=QuantType.QInt8,
        nodes_to_quantize=[node.name for node in model.graph.node if _is_quantised(node)],
        extra_options=extra_options,
    )
    return onnx.load(str(target))


def _is_quantised(node: onnx.NodeProto) -> bool:
    return node.op_type == "Conv" or (node.op_type == "Add" and node.name.startswith(_WITHIN_STAGES))
