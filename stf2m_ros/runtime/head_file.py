"""The window head that a bundle may hold for ONNX Runtime beside the one for all (export/cpu_head.py makes it)."""

from typing import Mapping

from stf2m_ros.runtime.bundle import WINDOW_HEAD_CPU_FILE, WINDOW_HEAD_FILE, Bundle, BundleMismatch

SOURCE_KEY = "stf2m_source_sha256"
"""Metadata of the graph: sha256 of the window head that it was made from."""


def head_file(bundle: Bundle) -> str:
    """Which file ONNX Runtime runs. Both say the same; the one that was made for it says it sooner."""
    return WINDOW_HEAD_CPU_FILE if WINDOW_HEAD_CPU_FILE in bundle.card.files else WINDOW_HEAD_FILE


def require_same_head(bundle: Bundle, metadata: Mapping[str, str]) -> None:
    """Raises BundleMismatch where the graph was made from another head, as after training into the folder."""
    expected, found = bundle.card.files[WINDOW_HEAD_FILE], metadata.get(SOURCE_KEY, "none")
    if found != expected:
        raise BundleMismatch(
            f"{bundle.path(WINDOW_HEAD_CPU_FILE)}: expected it to be made from {WINDOW_HEAD_FILE} of sha256 "
            f"{expected[:12]}, found {found[:12]}; make it again with python -m stf2m_ros.export.cpu_head"
        )
