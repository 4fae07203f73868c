"""The clips of a training by name: all end in one store for each side of the split, wherever they come from."""

from pathlib import Path
from typing import Dict, List, Tuple

from stf2m_ros.data.clip_store import ClipStore

SPLITS = ("train", "validation")
WINDOW_CLIPS = "windows"
ClipNames = Dict[str, List[str]]
"""Names of the clips of each split, in the order in which they are used; WINDOW_CLIPS: of "train", those of stage 2."""


def stores_below(folder: Path) -> Dict[str, ClipStore]:
    return {split: ClipStore(folder / split) for split in SPLITS}


def joined(parts: Tuple[ClipNames, ...]) -> ClipNames:
    """The clips of all sources, source by source."""
    return {use: [name for part in parts for name in part[use]] for use in (*SPLITS, WINDOW_CLIPS)}
