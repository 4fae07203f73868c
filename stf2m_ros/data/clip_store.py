"""Clips on disk, one file each: rendered or decoded once, read at disk speed, safe to interrupt at any moment.

Frames are stored as JPEG (quality 95): a clip of 30 s takes 1 to 2 MB, and a real camera compresses too.
"""

import ctypes
import json
import logging
import os
import signal
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence

import cv2
import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord

STORE_VERSION = 1
_JPEG_QUALITY = 95
_PR_SET_PDEATHSIG = 1
_LOG = logging.getLogger(__name__)
_READY_INPUTS = ("features", "word_vectors")


class ClipStore:
    """A folder of clips. Entries are written atomically, so whatever stands there is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        return len(self.names())

    def names(self) -> List[str]:
        return sorted(path.stem for path in self.folder.glob("*.npz"))

    def missing(self, names: Sequence[str]) -> List[str]:
        """Those of the names that are not in the store yet, in their order."""
        return [name for name in names if not self.holds(name)]

    def holds(self, name: str) -> bool:
        return (self.folder / f"{name}.npz").exists()

    def frame_count(self, name: str) -> int:
        """Pictures of the clip, 0 where the set has none."""
        with np.load(self.folder / f"{name}.npz", allow_pickle=False) as arrays:
            return len(arrays["jpeg_ends"]) if "jpeg_ends" in arrays.files else 0

    def write(self, name: str, clip: Clip) -> None:
        part = self.folder / f".{name}.{os.getpid()}.part"
        with open(part, "wb") as file:
            np.savez(file, **_to_arrays(clip))
        os.replace(part, self.folder / f"{name}.npz")

    def read(self, name: str, frames: bool = True) -> Clip:
        """Raises ValueError naming the file when it is damaged or of another version."""
        path = self.folder / f"{name}.npz"
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                keys = [key for key in arrays.files if frames or key != "jpeg"]
                return _from_arrays({key: arrays[key] for key in keys})
        except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
            raise ValueError(f"{path}: not a clip of store version {STORE_VERSION}: {error}") from error

    def read_all(self, names: Optional[Sequence[str]] = None, frames: bool = True) -> Iterator[Clip]:
        for name in self.names() if names is None else names:
            yield self.read(name, frames)


def fill_store(folder: Path, make: Callable[[int], Clip], seeds: Dict[str, int], workers: int) -> Iterator[str]:
    """Make and store every clip that is missing, in several processes; yields each name when it is done.

    make must be picklable and depend on the seed alone.
    """
    store = ClipStore(folder)
    missing = store.missing(list(seeds))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker) as pool:
        jobs = [pool.submit(_make_and_store, folder, name, make, seeds[name]) for name in missing]
        try:
            for job in jobs:
                yield job.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker() -> None:
    """One core each; Ctrl-C is the parent's to answer; and nobody works on for a parent that was killed."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    except (OSError, AttributeError):
        _LOG.debug("not Linux: workers outlive a parent that is killed")


def _make_and_store(folder: Path, name: str, make: Callable[[int], Clip], seed: int) -> str:
    ClipStore(folder).write(name, make(seed))
    return name


def encode_frames(frames: np.ndarray) -> List[np.ndarray]:
    """(T, H, W, 3) RGB to one JPEG byte array per frame."""
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    return [cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)[1].ravel() for frame in frames]


def _to_arrays(clip: Clip) -> Dict[str, np.ndarray]:
    text = {
        "version": STORE_VERSION,
        "clip_id": clip.clip_id,
        "subject": clip.subject,
        "words": [[word.text, word.start_s, word.end_s] for word in clip.words],
        "labels": [_label_fields(label) for label in clip.labels],
        "facts": dict(clip.facts),
    }
    arrays = {"text": np.array(json.dumps(text)), "frame_s": np.asarray(clip.frame_s)}
    if clip.frames is not None:
        encoded = encode_frames(clip.frames)
        arrays["jpeg"] = np.concatenate(encoded)
        arrays["jpeg_ends"] = np.cumsum([len(frame) for frame in encoded])
    if clip.components is not None:
        arrays["components"] = clip.components.astype(np.float16)
    for name in _READY_INPUTS:
        if getattr(clip, name) is not None:
            arrays[name] = getattr(clip, name).astype(np.float32)
    return arrays


def _label_fields(label: LabelInterval) -> list:
    fields = [label.class_index, label.start_s, label.end_s]
    return [*fields, label.shares] if label.shares else fields


def _label(class_index: int, start_s: float, end_s: float, shares: Sequence[float] = ()) -> LabelInterval:
    return LabelInterval(class_index, start_s, end_s, tuple(shares))


def _from_arrays(arrays: Dict[str, np.ndarray]) -> Clip:
    text = json.loads(str(arrays["text"]))
    if text["version"] != STORE_VERSION:
        raise ValueError(f"expected version {STORE_VERSION}, found {text['version']}")
    clip = Clip(
        clip_id=text["clip_id"],
        subject=text["subject"],
        frames=None,
        frame_s=arrays["frame_s"],
        words=tuple(TimedWord(*word) for word in text["words"]),
        labels=tuple(_label(*label) for label in text["labels"]),
        components=arrays["components"].astype(np.float32) if "components" in arrays else None,
        facts=text.get("facts", {}),
        **{name: arrays[name] for name in _READY_INPUTS if name in arrays},
    )
    return replace(clip, frames=_decode_frames(arrays)) if "jpeg" in arrays else clip


def _decode_frames(arrays: Dict[str, np.ndarray]) -> np.ndarray:
    starts = np.concatenate([[0], arrays["jpeg_ends"][:-1]])
    spans = zip(starts, arrays["jpeg_ends"])
    pictures = [cv2.imdecode(arrays["jpeg"][start:end], cv2.IMREAD_COLOR) for start, end in spans]
    return np.stack([cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) for picture in pictures])
