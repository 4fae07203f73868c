"""The frame encoder in int8, for processors and GPUs with 8-bit products, and what that costs in accuracy.

    python -m stf2m_ros.export.quantise --bundle FOLDER

writes frame_encoder.int8.onnx for ONNX Runtime and frame_encoder.int8_tensorrt.onnx for TensorRT beside
frame_encoder.onnx, and lists both in the bundle's card. Weights have a scale for each output channel in both.
ONNX Runtime's activations are unsigned: then a Relu is part of the scale, and it joins every convolution with what
stands around it (with signed ones, half of the convolutions stay apart, and nothing is gained). TensorRT's are signed.
"""

import argparse
import logging
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
import onnx
from onnxruntime.quantization import QuantType

from stf2m_ros.export.engine_loss import EnginePair, Loss, measure_losses
from stf2m_ros.export.int8_calibration import calibration_faces, quantised
from stf2m_ros.export.tensorrt_int8 import quantise_for_tensorrt
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, load_bundle, sha256_of, write_card
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.int8_encoder import FRAME_ENCODER_INT8_FILE, FRAME_ENCODER_TENSORRT_INT8_FILE
from stf2m_ros.runtime.made_graphs import SOURCE_KEY
from stf2m_ros.runtime.onnx_engine import OnnxEngine

__all__ = ["FORMS", "add_int8", "calibration_faces", "quantise_encoder"]

FORMS = {FRAME_ENCODER_INT8_FILE: "int8", FRAME_ENCODER_TENSORRT_INT8_FILE: "int8_tensorrt"}
"""File of each form -> its name among the card's scores."""


def quantise_encoder(source: Path, target: Path, faces: np.ndarray) -> None:
    """Writes the encoder for ONNX Runtime. faces: (N, 3, H, W) normalised, to calibrate the activations with."""
    with tempfile.TemporaryDirectory() as folder:
        model = quantised(source, Path(folder), faces, QuantType.QUInt8)
    model.metadata_props.add(key=SOURCE_KEY, value=sha256_of(source))
    onnx.save(model, str(target))


def add_int8(folder: Path, clips: int) -> Dict[str, Loss]:
    """Quantises the encoder of a bundle, measures the losses, and lists all in its card.

    Returns the loss by name of each form. Raises BundleMismatch, ValueError for no clips.
    """
    if clips < 1:
        raise ValueError(f"expected at least one clip to calibrate with, found {clips}")
    bundle = load_bundle(folder)
    source, faces = bundle.path(FRAME_ENCODER_FILE), calibration_faces(clips, bundle.card.preprocessing)
    quantise_encoder(source, folder / FRAME_ENCODER_INT8_FILE, faces)
    quantise_for_tensorrt(source, folder / FRAME_ENCODER_TENSORRT_INT8_FILE, faces)
    exact = open_onnx_engines(bundle)
    pairs = {name: EnginePair(OnnxEngine(folder / file), exact.window_head) for file, name in FORMS.items()}
    losses = measure_losses(bundle, pairs, clips)
    rounded = {name: {key: round(value, 4) for key, value in asdict(loss).items()} for name, loss in losses.items()}
    write_card(folder, replace(bundle.card, scores={**bundle.card.scores, **rounded}))
    return losses


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when the bundle holds the int8 encoders, whose losses are printed; 1 for what the user can mend."""
    parser = argparse.ArgumentParser(prog="quantise", description="Add the int8 encoders to a bundle.")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=16, help="to calibrate with, and as many others to judge by")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    try:
        losses = add_int8(options.bundle, options.clips)
    except (ValueError, OSError) as error:
        print(f"quantise: {error}", file=sys.stderr)
        return 1
    for file, name in FORMS.items():
        loss = losses[name]
        print(f"{file} written; on {loss.segments} segments of generated clips that it had not seen:")
        print(f"  accuracy over 19 classes {loss.accuracy:.3f}, fp32 {loss.accuracy_fp32:.3f}")
        print(f"  the same class in {100 * loss.same_class:.1f} %, logits differ by {loss.logits_worst:.2f} at most")
        print(f"  tokens differ by {100 * loss.tokens_rms:.1f} % (rms), by {100 * loss.tokens_worst:.1f} % at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
