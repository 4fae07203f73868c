"""The graphs that a bundle may hold for ONNX Runtime beside those for all (export/cpu_*.py make them)."""

from typing import Mapping

from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_CPU_FILE,
    FRAME_ENCODER_FILE,
    WINDOW_HEAD_CPU_FILE,
    WINDOW_HEAD_FILE,
    Bundle,
    BundleMismatch,
)

CPU_FILES = {FRAME_ENCODER_FILE: FRAME_ENCODER_CPU_FILE, WINDOW_HEAD_FILE: WINDOW_HEAD_CPU_FILE}
"""Graph for all -> the one that says the same and that ONNX Runtime runs faster."""

SOURCE_KEY = "stf2m_source_sha256"
"""Metadata of such a graph: sha256 of the one for all that it was made from."""

_MAKERS = {FRAME_ENCODER_FILE: "cpu_encoder", WINDOW_HEAD_FILE: "cpu_head"}


def cpu_file(bundle: Bundle, graph_file: str) -> str:
    """Which file ONNX Runtime runs in place of a graph for all. Both say the same; the one made for it, sooner."""
    made = CPU_FILES[graph_file]
    return made if made in bundle.card.files else graph_file


def require_made_from(bundle: Bundle, graph_file: str, metadata: Mapping[str, str]) -> None:
    """Raises BundleMismatch where the graph was made from another one, as after training into the folder."""
    expected, found = bundle.card.files[graph_file], metadata.get(SOURCE_KEY, "none")
    if found != expected:
        raise BundleMismatch(
            f"{bundle.path(CPU_FILES[graph_file])}: expected it to be made from {graph_file} of sha256 "
            f"{expected[:12]}, found {found[:12]}; make it again with python -m stf2m_ros.export.{_MAKERS[graph_file]}"
        )
