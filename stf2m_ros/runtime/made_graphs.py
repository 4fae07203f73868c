"""The graphs that a bundle may hold beside its two: each is made from one of those, for a runtime or in int8."""

from typing import Mapping

from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_CPU_FILE,
    FRAME_ENCODER_FILE,
    FRAME_ENCODER_INT8_FILE,
    FRAME_ENCODER_TENSORRT_INT8_FILE,
    WINDOW_HEAD_CPU_FILE,
    WINDOW_HEAD_FILE,
    Bundle,
    BundleMismatch,
)

CPU_FILES = {FRAME_ENCODER_FILE: FRAME_ENCODER_CPU_FILE, WINDOW_HEAD_FILE: WINDOW_HEAD_CPU_FILE}
"""Graph for all -> the one that says the same and that ONNX Runtime runs faster."""

SOURCE_KEY = "stf2m_source_sha256"
"""Metadata of a made graph: sha256 of the one that it was made from."""

_MADE = {  # file -> its source, and the module of export/ that makes it
    FRAME_ENCODER_CPU_FILE: (FRAME_ENCODER_FILE, "cpu_encoder"),
    FRAME_ENCODER_INT8_FILE: (FRAME_ENCODER_FILE, "quantise"),
    FRAME_ENCODER_TENSORRT_INT8_FILE: (FRAME_ENCODER_FILE, "quantise"),
    WINDOW_HEAD_CPU_FILE: (WINDOW_HEAD_FILE, "cpu_head"),
}


def cpu_file(bundle: Bundle, graph_file: str) -> str:
    """Which file ONNX Runtime runs in place of a graph for all. Both say the same; the one made for it, sooner."""
    made = CPU_FILES[graph_file]
    return made if made in bundle.card.files else graph_file


def require_same_source(bundle: Bundle, file_name: str, metadata: Mapping[str, str]) -> None:
    """Raises BundleMismatch where a made graph is not of this bundle's network, as after training into the folder."""
    if file_name not in _MADE:
        return
    source, maker = _MADE[file_name]
    expected, found = bundle.card.files[source], metadata.get(SOURCE_KEY, "none")
    if found != expected:
        raise BundleMismatch(
            f"{bundle.path(file_name)}: expected it to be made from {source} of sha256 {expected[:12]}, "
            f"found {found[:12]}; make it again with python -m stf2m_ros.export.{maker}"
        )
