"""The int8 frame encoders that a bundle may hold beside its float32 one (export/quantise.py makes them).

Two files, because no one form serves both. ONNX Runtime on x86 gains only with unsigned activations that have a zero
point; TensorRT takes signed ones without, and refuses the others.
"""

import json
import logging
from typing import Dict

from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_FILE,
    FRAME_ENCODER_INT8_FILE,
    FRAME_ENCODER_TENSORRT_INT8_FILE,
    Bundle,
    BundleMismatch,
)
from stf2m_ros.runtime.made_graphs import cpu_file, require_same_source
from stf2m_ros.runtime.onnx_engine import OnnxEngine

__all__ = [
    "FRAME_ENCODER_INT8_FILE",
    "FRAME_ENCODER_TENSORRT_INT8_FILE",
    "RANGES_KEY",
    "encoder_file",
    "require_for_tensorrt",
    "tensorrt_ranges",
]

RANGES_KEY = "stf2m_ranges"
"""Metadata of TensorRT's int8 graph: JSON, name of each float32 tensor -> the largest size that it was seen with."""

_HOW = "python -m stf2m_ros.export.quantise makes it"
_LOG = logging.getLogger(__name__)


def encoder_file(bundle: Bundle, precision: str) -> str:
    """Which file ONNX Runtime runs: the int8 one where that is asked for and there; else float32, and that is said."""
    if precision != "int8":
        return cpu_file(bundle, FRAME_ENCODER_FILE)
    if FRAME_ENCODER_INT8_FILE in bundle.card.files:
        return FRAME_ENCODER_INT8_FILE
    _LOG.warning("%s holds no %s (%s): fp32", bundle.folder, FRAME_ENCODER_INT8_FILE, _HOW)
    return cpu_file(bundle, FRAME_ENCODER_FILE)


def require_for_tensorrt(bundle: Bundle) -> None:
    """Raises BundleMismatch where the bundle holds no int8 encoder for TensorRT."""
    name = FRAME_ENCODER_TENSORRT_INT8_FILE
    if name not in bundle.card.files:
        raise BundleMismatch(f"{bundle.folder}: expected {name} for int8, found none; {_HOW}")


def tensorrt_ranges(bundle: Bundle) -> Dict[str, float]:
    """Name of each tensor of the float32 encoder -> its largest size in calibration; a DLA takes these, and no Q/DQ.

    Raises BundleMismatch, also where the graph was made from another encoder, and EngineLoadError.
    """
    engine = OnnxEngine(bundle.path(FRAME_ENCODER_TENSORRT_INT8_FILE))
    metadata = engine.metadata
    engine.close()
    require_same_source(bundle, FRAME_ENCODER_TENSORRT_INT8_FILE, metadata)
    return {name: float(value) for name, value in json.loads(metadata.get(RANGES_KEY, "{}")).items()}
