"""Clips on disk, one file each: rendered or decoded once, read at disk speed, safe to interrupt at any moment.

Frames are stored as JPEG (quality 95): a clip of 30 s takes 1 to 2 MB, and a real camera compresses too.
"""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

import cv2
import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.whole_files import write_whole

STORE_VERSION = 1
_JPEG_QUALITY = 95
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

    def holds(self, name: str, made_from: str = "") -> bool:
        """Whether the clip stands; given a fingerprint, not where it was made from something else.

        A clip that does not tell what it was made from is taken as it is.
        """
        if not (self.folder / f"{name}.npz").exists():
            return False
        return not made_from or self.made_from(name) in ("", made_from)

    def made_from(self, name: str) -> str:
        """The fingerprint that the clip was written with."""
        return _text_of(self._arrays(name, ("text",)))["made_from"]

    def frame_count(self, name: str) -> int:
        """Pictures of the clip, 0 where the set has none."""
        return len(self._arrays(name, ("jpeg_ends",)).get("jpeg_ends", ()))

    def digest(self, names: Sequence[str]) -> str:
        """A fingerprint of these clips, by their names and what each was made from."""
        return fingerprint([(name, self.made_from(name)) for name in names])

    def frames(self, name: str) -> "StoredFrames":
        """The clip's pictures, decoded as they are asked for; none where the set has none."""
        return StoredFrames(self._arrays(name, ("jpeg", "jpeg_ends")))

    def write(self, name: str, clip: Clip, made_from: str = "") -> None:
        """made_from: a fingerprint of what the clip depends on. Raises OSError in one line where the disk is full."""
        content = io.BytesIO()
        np.savez(content, **_to_arrays(clip, made_from))
        write_whole(self.folder / f"{name}.npz", content.getbuffer())

    def read(self, name: str, frames: bool = True) -> Clip:
        """Raises ValueError naming the file when it is damaged or of another version."""
        arrays = self._arrays(name)
        try:
            clip = _from_arrays(arrays)
        except (KeyError, ValueError) as error:
            raise self._unusable(name, error) from error
        return replace(clip, frames=self.frames(name)[:]) if frames and "jpeg_ends" in arrays else clip

    def _arrays(self, name: str, wanted: Sequence[str] = ()) -> Dict[str, np.ndarray]:
        """Those arrays of the file that are wanted, else all but the pictures."""
        try:
            with open(self.folder / f"{name}.npz", "rb") as file, np.load(file, allow_pickle=False) as arrays:
                keys = [key for key in arrays.files if (key in wanted if wanted else key != "jpeg")]
                found = {key: arrays[key] for key in keys}
            if "text" in found:
                _text_of(found)
            return found
        except (zipfile.BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
            raise self._unusable(name, error) from error

    def _unusable(self, name: str, error: Exception) -> ValueError:
        return ValueError(
            f"{self.folder / name}.npz: not a clip of store version {STORE_VERSION}: {error}; "
            f"delete {self.folder}, and its clips are prepared anew"
        )

    def read_all(self, names: Optional[Sequence[str]] = None, frames: bool = True) -> Iterator[Clip]:
        for name in self.names() if names is None else names:
            yield self.read(name, frames)


class StoredFrames:
    """(T, H, W, 3) RGB uint8 pictures of one clip that are decoded when they are asked for: a slice, or an array."""

    def __init__(self, arrays: Dict[str, np.ndarray]) -> None:
        """arrays: jpeg, every picture's bytes, and jpeg_ends, where each ends."""
        self._jpeg, self._ends = arrays.get("jpeg", np.empty(0, np.uint8)), arrays.get("jpeg_ends", np.empty(0, int))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, which: Union[slice, np.ndarray]) -> np.ndarray:
        chosen = np.arange(len(self))[which]
        if len(chosen) == 0:
            raise IndexError(f"expected pictures {which} of {len(self)}, found none")
        starts = np.append(0, self._ends)
        pictures = [cv2.imdecode(self._jpeg[starts[at] : self._ends[at]], cv2.IMREAD_COLOR) for at in chosen]
        return np.stack([cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) for picture in pictures])


def encode_frames(frames: np.ndarray) -> List[np.ndarray]:
    """(T, H, W, 3) RGB to one JPEG byte array per frame."""
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    return [cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)[1].ravel() for frame in frames]


def _to_arrays(clip: Clip, made_from: str) -> Dict[str, np.ndarray]:
    text = {
        "version": STORE_VERSION,
        "made_from": made_from,
        "clip_id": clip.clip_id,
        "subject": clip.subject,
        "words": [[word.text, word.start_s, word.end_s, *([True] if word.begins else [])] for word in clip.words],
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


def _text_of(arrays: Dict[str, np.ndarray]) -> Dict[str, Any]:
    text = json.loads(str(arrays["text"]))
    if text["version"] != STORE_VERSION:
        raise ValueError(f"expected version {STORE_VERSION}, found {text['version']}")
    return {"facts": {}, "made_from": "", **text}


def _from_arrays(arrays: Dict[str, np.ndarray]) -> Clip:
    """All but the frames."""
    text = _text_of(arrays)
    return Clip(
        clip_id=text["clip_id"],
        subject=text["subject"],
        frames=None,
        frame_s=arrays["frame_s"],
        words=tuple(TimedWord(*word) for word in text["words"]),
        labels=tuple(_label(*label) for label in text["labels"]),
        components=arrays["components"].astype(np.float32) if "components" in arrays else None,
        facts=text["facts"],
        **{name: arrays[name] for name in _READY_INPUTS if name in arrays},
    )
