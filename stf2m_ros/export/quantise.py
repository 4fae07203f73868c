"""The frame encoder in int8, for processors with 8-bit products, and what that costs in accuracy.

    python -m stf2m_ros.export.quantise --bundle FOLDER

writes frame_encoder.int8.onnx beside frame_encoder.onnx and lists it in the bundle's card. Activations are unsigned:
then a Relu is part of the scale, and ONNX Runtime joins every convolution with what stands around it (with signed
ones, half of the convolutions stay apart, and nothing is gained). Weights have a scale for each output channel.
Normalising the picture and projecting the last map stay float32: their cost is small, and their error is not.
"""

import argparse
import logging
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Iterator, List, Optional

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from stf2m_ros.data.generated_faces.clip import generate_clip
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.data.slots import slot_track
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, Bundle, load_bundle, sha256_of, write_card
from stf2m_ros.runtime.bundle_engines import BundleEngines, open_onnx_engines
from stf2m_ros.runtime.folded_graph import fold_constants
from stf2m_ros.runtime.int8_encoder import FRAME_ENCODER_INT8_FILE, SOURCE_KEY
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.runtime.window_judge import constant_inputs
from stf2m_ros.stream.frame_preprocessing import normalise
from stf2m_ros.stream.settings import Preprocessing

_LOG = logging.getLogger(__name__)
_BATCH = 8
_CALIBRATION_SEED, _JUDGED_SEED = 7000, 8000
_WITHIN_STAGES = "/layer"  # names of the backbone's nodes; the sum in evenly_lit lies outside


@dataclass(frozen=True)
class Loss:
    """What int8 changes, on clips that calibration did not see."""

    tokens_rms: float  # of the tokens' difference, as a share of their own
    same_class: float  # share of segments
    accuracy: float  # over 19 classes with int8
    accuracy_fp32: float
    segments: int


def quantise_encoder(source: Path, target: Path, faces: np.ndarray) -> None:
    """Writes the encoder with Q/DQ nodes. faces: (N, 3, H, W) normalised, to calibrate the activations with."""
    model = onnx.load_from_string(fold_constants(source))
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")  # as folding did
    names = [node.name for node in model.graph.node if _is_quantised(node)]
    with tempfile.TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.onnx"
        onnx.save(model, str(folded))
        quantize_static(
            str(folded),
            str(target),
            _Faces(faces),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=names,
        )
    quantised = onnx.load(str(target))
    quantised.metadata_props.add(key=SOURCE_KEY, value=sha256_of(source))
    onnx.save(quantised, str(target))


def calibration_faces(clips: int, preprocessing: Preprocessing) -> np.ndarray:
    """(N, 3, H, W) normalised, of generated persons in all lights, as the encoder is shown them."""
    settings = GeneratorSettings(duration_s=3.0, frames_per_s=2.0, size_px=preprocessing.size_px)
    frames = [generate_clip(_CALIBRATION_SEED + number, settings).frames for number in range(clips)]
    return normalise(np.concatenate(frames), preprocessing)


def measure_loss(bundle: Bundle, quantised: Path, clips: int) -> Loss:
    """Both encoders and the bundle's own head on whole generated clips, without words."""
    engines, int8 = open_onnx_engines(bundle), OnnxEngine(quantised)
    found: Dict[str, List[np.ndarray]] = {"rms": [], "same": [], "right": [], "right_fp32": []}
    for number in range(clips):
        settings = GeneratorSettings(people="validation", size_px=bundle.card.preprocessing.size_px)
        clip = generate_clip(_JUDGED_SEED + number, settings)
        faces = normalise(clip.frames[: bundle.card.grid.slots], bundle.card.preprocessing)
        tokens, tokens_8 = _tokens(engines.frame_encoder, faces), _tokens(int8, faces)
        classes, classes_8 = (_classes(bundle, engines, each) for each in (tokens, tokens_8))
        middle = slice(bundle.card.grid.slots_per_segment // 2, None, bundle.card.grid.slots_per_segment)
        truth = slot_track(clip, bundle.card.grid).class_index[middle]
        found["rms"].append(np.sqrt(np.square(tokens - tokens_8).mean() / np.square(tokens).mean()))
        found["same"].append(classes == classes_8)
        found["right"].append(classes_8[: len(truth)] == truth[: len(classes)])
        found["right_fp32"].append(classes[: len(truth)] == truth[: len(classes)])
    means = {name: float(np.mean(values)) for name, values in found.items()}
    segments = clips * bundle.card.grid.segments
    return Loss(means["rms"], means["same"], means["right"], means["right_fp32"], segments)


def add_int8(folder: Path, clips: int) -> Loss:
    """Quantises the encoder of a bundle, measures the loss, and lists both in its card. Raises BundleMismatch."""
    bundle = load_bundle(folder)
    target = folder / FRAME_ENCODER_INT8_FILE
    quantise_encoder(bundle.path(FRAME_ENCODER_FILE), target, calibration_faces(clips, bundle.card.preprocessing))
    loss = measure_loss(bundle, target, clips)
    scores = {**bundle.card.scores, "int8": {name: round(value, 4) for name, value in loss.__dict__.items()}}
    write_card(folder, replace(bundle.card, scores=scores))
    return loss


class _Faces(CalibrationDataReader):
    """Hands out the faces, a few at a time."""

    def __init__(self, faces: np.ndarray) -> None:
        self._batches: Iterator[np.ndarray] = iter(np.split(faces, range(_BATCH, len(faces), _BATCH)))

    def get_next(self) -> Optional[Dict[str, np.ndarray]]:
        batch = next(self._batches, None)
        return None if batch is None else {"faces": batch}


def _is_quantised(node: onnx.NodeProto) -> bool:
    return node.op_type == "Conv" or (node.op_type == "Add" and node.name.startswith(_WITHIN_STAGES))


def _tokens(encoder: OnnxEngine, faces: np.ndarray) -> np.ndarray:
    batches = np.split(faces, range(_BATCH, len(faces), _BATCH))
    return np.concatenate([encoder.run({"faces": batch})["tokens"] for batch in batches])


def _classes(bundle: Bundle, engines: BundleEngines, tokens: np.ndarray) -> np.ndarray:
    """(S,) the class of each segment of a window whose slots all hold these tokens."""
    grid, text = bundle.card.grid, bundle.card.text
    window = {
        "tokens": tokens[None],
        "frame_presence": np.ones((1, grid.slots), np.float32),
        "words": np.zeros((1, grid.segments, text.dim), np.float32),
        "word_presence": np.zeros((1, grid.segments), np.float32),
        **constant_inputs(bundle),
    }
    return engines.window_head.run(window)["logits"][0].argmax(-1)


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when the bundle holds the int8 encoder; what it loses is printed."""
    parser = argparse.ArgumentParser(prog="quantise", description="Add the int8 encoder to a bundle.")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=16, help="to calibrate with, and as many others to judge by")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    loss = add_int8(options.bundle, options.clips)
    print(f"{FRAME_ENCODER_INT8_FILE} written; on {loss.segments} segments of generated clips that it had not seen:")
    print(f"  accuracy over 19 classes {loss.accuracy:.3f}, fp32 {loss.accuracy_fp32:.3f}")
    print(f"  the same class in {100 * loss.same_class:.1f} %, tokens differ by {100 * loss.tokens_rms:.1f} % (rms)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
