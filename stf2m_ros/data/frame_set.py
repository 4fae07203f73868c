"""Single frames for pre-training: a memory-mapped sample of every clip of a store, with what is known of each frame."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

import numpy as np
from tqdm import tqdm

from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.data.slots import UNLABELLED, SlotTrack, slot_track
from stf2m_ros.stream.settings import WindowGrid


@dataclass(frozen=True)
class FrameSet:
    """N face crops. faces may be memory-mapped."""

    faces: np.ndarray  # (N, H, W, 3) RGB uint8
    class_index: np.ndarray  # (N,) never UNLABELLED
    components: np.ndarray  # (N, 12) NaN where unknown

    def __len__(self) -> int:
        return len(self.class_index)


def frame_set(store: ClipStore, names: Sequence[str], folder: Path, per_clip: int, grid: WindowGrid) -> FrameSet:
    """The sample that stands in the folder, made first where it is missing or of other clips.

    Every clip with pictures and labels gives per_clip frames, a short one some of them again.
    """
    wanted = {"names": list(names), "per_clip": per_clip}
    stamp = folder / "frames.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != wanted:
        _sample(store, names, folder, per_clip, grid)
        stamp.write_text(json.dumps(wanted))
    return open_frame_set(folder)


def open_frame_set(folder: Path) -> FrameSet:
    """The sample that stands in the folder, memory-mapped."""
    parts = (np.load(folder / f"{part}.npy", mmap_mode="r") for part in ("faces", "class_index", "components"))
    return FrameSet(*parts)


def _sample(store: ClipStore, names: Sequence[str], folder: Path, per_clip: int, grid: WindowGrid) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "frames.json").unlink(missing_ok=True)
    filmed = [name for name in names if store.frame_count(name) and len(_labelled_slots(_track(store, name, grid)))]
    if not filmed:
        raise ValueError(f"{store.folder}: expected clips with labelled pictures, found none among {len(names)}")
    faces, classes, components = None, [], []
    bar = tqdm(store.read_all(filmed), total=len(filmed), desc="sample frames", mininterval=1.0)
    for index, clip in enumerate(bar):
        track = slot_track(clip, grid)
        slots = _spread_over_classes(track, per_clip, np.random.default_rng(index))
        if faces is None:
            shape = (len(filmed) * per_clip, *clip.frames.shape[1:])
            faces = np.lib.format.open_memmap(folder / "faces.npy", "w+", np.uint8, shape)
        faces[index * per_clip : (index + 1) * per_clip] = clip.frames[track.frame_index[slots]]
        classes.append(track.class_index[slots])
        components.append(track.components[slots])
    faces.flush()
    np.save(folder / "class_index.npy", np.concatenate(classes))
    np.save(folder / "components.npy", np.concatenate(components).astype(np.float32))


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
