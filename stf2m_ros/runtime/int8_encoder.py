"""The int8 frame encoder that a bundle may hold beside its float32 one (export/quantise.py makes it)."""

import logging

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, FRAME_ENCODER_INT8_FILE, Bundle, BundleMismatch
from stf2m_ros.runtime.onnx_engine import OnnxEngine

__all__ = ["FRAME_ENCODER_INT8_FILE", "SOURCE_KEY", "encoder_file", "require_same_source"]

SOURCE_KEY = "stf2m_source_sha256"
"""Metadata of the int8 graph: sha256 of the float32 graph that it was made from."""

_LOG = logging.getLogger(__name__)


def encoder_file(bundle: Bundle, precision: str) -> str:
    """Which file ONNX Runtime runs: the int8 one where that is asked for and there; else float32, and that is said."""
    if precision != "int8":
        return FRAME_ENCODER_FILE
    if FRAME_ENCODER_INT8_FILE in bundle.card.files:
        return FRAME_ENCODER_INT8_FILE
    _LOG.warning(
        "%s holds no %s (python -m stf2m_ros.export.quantise makes it): fp32", bundle.folder, FRAME_ENCODER_INT8_FILE
    )
    return FRAME_ENCODER_FILE


def require_same_source(bundle: Bundle, engine: OnnxEngine) -> None:
    """Raises BundleMismatch where the int8 graph was made from another encoder, as after training into the folder."""
    expected, found = bundle.card.files[FRAME_ENCODER_FILE], engine.metadata.get(SOURCE_KEY, "none")
    if found != expected:
        raise BundleMismatch(
            f"{bundle.path(FRAME_ENCODER_INT8_FILE)}: expected it to be made from {FRAME_ENCODER_FILE} of sha256 "
            f"{expected[:12]}, found {found[:12]}; quantise again"
        )
