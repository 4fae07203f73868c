"""Single frames for pre-training: a memory-mapped sample of every clip of a store, with what is known of each frame."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import List

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


def frame_set(store: ClipStore, names: List[str], folder: Path, per_clip: int, grid: WindowGrid) -> FrameSet:
    """The sample that stands in the folder, made first where it is missing or of other clips."""
    wanted = {"names": names, "per_clip": per_clip}
    stamp = folder / "frames.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != wanted:
        _sample(store, names, folder, per_clip, grid)
        stamp.write_text(json.dumps(wanted))
    parts = (np.load(folder / f"{part}.npy", mmap_mode="r") for part in ("faces", "class_index", "components"))
    return FrameSet(*parts)


def _sample(store: ClipStore, names: List[str], folder: Path, per_clip: int, grid: WindowGrid) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "frames.json").unlink(missing_ok=True)
    faces, classes, components = None, [], []
    for index, clip in enumerate(tqdm(store.read_all(names), total=len(names), desc="sample frames", mininterval=1.0)):
        track = slot_track(clip, grid)
        slots = _spread_over_classes(track, per_clip, np.random.default_rng(index))
        if faces is None:
            shape = (len(names) * per_clip, *clip.frames.shape[1:])
            faces = np.lib.format.open_memmap(folder / "faces.npy", "w+", np.uint8, shape)
        faces[index * per_clip : (index + 1) * per_clip] = clip.frames[track.frame_index[slots]]
        classes.append(track.class_index[slots])
        components.append(track.components[slots])
    faces.flush()
    np.save(folder / "class_index.npy", np.concatenate(classes))
    np.save(folder / "components.npy", np.concatenate(components).astype(np.float32))


def _spread_over_classes(track: SlotTrack, count: int, rng: np.random.Generator) -> np.ndarray:
    """Slots drawn so that the clip's rarer classes, and not its long neutral stretches, make up the sample."""
    usable = np.flatnonzero((track.class_index != UNLABELLED) & (track.frame_index >= 0))
    _, inverse, sizes = np.unique(track.class_index[usable], return_inverse=True, return_counts=True)
    weight = 1.0 / sizes[inverse]
    return rng.choice(usable, count, replace=len(usable) < count, p=weight / weight.sum())
