"""Single frames for pre-training: a stored sample of every clip of a store, with what is known of each frame."""

from dataclasses import dataclass
from pathlib import Path
from typing import Sequence, Union

import numpy as np

from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.data.row_files import RowFiles, StoredRows
from stf2m_ros.data.slots import UNLABELLED, SlotTrack, slot_track
from stf2m_ros.fuzzy.components import NUM_COMPONENTS
from stf2m_ros.stream.settings import WindowGrid


@dataclass(frozen=True)
class FrameSet:
    """N face crops."""

    faces: Union[np.ndarray, StoredRows]  # (N, H, W, 3) RGB uint8
    class_index: np.ndarray  # (N,) never UNLABELLED
    components: np.ndarray  # (N, 12) NaN where unknown

    def __len__(self) -> int:
        return len(self.class_index)


def frame_set(store: ClipStore, names: Sequence[str], folder: Path, per_clip: int, grid: WindowGrid) -> FrameSet:
    """The sample that stands in the folder, made first, or to its end, where it is missing or of other clips.

    Every clip with pictures and labels gives per_clip frames, a short one some of them again.
    """
    files = RowFiles(folder, "frames", {"clips": store.digest(names), "sample": fingerprint(per_clip, grid)})
    if not files.complete:
        _sample(store, names, files, per_clip, grid)
    return open_frame_set(folder)


def open_frame_set(folder: Path) -> FrameSet:
    """The sample that stands in the folder; faces are read as they are asked for."""
    classes, components = (np.load(folder / f"{part}.npy", mmap_mode="r") for part in ("class_index", "components"))
    return FrameSet(StoredRows(folder / "faces.npy"), classes, components)


def _sample(store: ClipStore, names: Sequence[str], files: RowFiles, per_clip: int, grid: WindowGrid) -> None:
    filmed = [name for name in names if store.frame_count(name) and len(_labelled_slots(_track(store, name, grid)))]
    if not filmed:
        raise ValueError(f"{store.folder}: expected clips with labelled pictures, found none among {len(names)}")
    rows, size = len(filmed) * per_clip, store.frames(filmed[0])[:1].shape[1:]
    shapes = {
        "faces": ((rows, *size), np.uint8),
        "class_index": ((rows,), np.int64),
        "components": ((rows, NUM_COMPONENTS), np.float32),
    }
    arrays = files.begin(len(filmed), shapes)
    for index in files.to_do("sample frames"):
        track = _track(store, filmed[index], grid)
        slots = _spread_over_classes(track, per_clip, np.random.default_rng(index))
        own = slice(index * per_clip, (index + 1) * per_clip)
        arrays["faces"][own] = store.frames(filmed[index])[track.frame_index[slots]]
        arrays["class_index"][own] = track.class_index[slots]
        arrays["components"][own] = track.components[slots]


def _track(store: ClipStore, name: str, grid: WindowGrid) -> SlotTrack:
    return slot_track(store.read(name, frames=False), grid)


def _labelled_slots(track: SlotTrack) -> np.ndarray:
    """Slots that hold a frame and have a label."""
    return np.flatnonzero((track.class_index != UNLABELLED) & (track.frame_index >= 0))


def _spread_over_classes(track: SlotTrack, count: int, rng: np.random.Generator) -> np.ndarray:
    """Slots drawn so that the clip's rarer classes, and not its long neutral stretches, make up the sample."""
    usable = _labelled_slots(track)
    _, inverse, sizes = np.unique(track.class_index[usable], return_inverse=True, return_counts=True)
    weight = 1.0 / sizes[inverse]
    return rng.choice(usable, count, replace=len(usable) < count, p=weight / weight.sum())
