"""Where a recording's pictures come from: files, one after another, or a video; read one at a time."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Protocol, Tuple, Union

import cv2
import numpy as np

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.stream.face_observation import Box

USUAL_FPS = 30.0
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


class Picture(NamedTuple):
    """One picture of a recording: its number in it, seconds from its start, RGB (H, W, 3) uint8, the face if known."""

    index: int
    stamp_s: float
    image_rgb: np.ndarray
    box: Optional[Box] = None


class PictureSource(Protocol):
    """Yields a recording's pictures in order. Raises BrokenFileError."""

    @property
    def place(self) -> Path:
        """The file or folder, for messages."""
        ...

    def length_s(self) -> float:
        """From the clip's start to its end; infinity where nothing tells it."""
        ...

    def images(self) -> Iterator[Picture]: ...


@dataclass(frozen=True)
class PictureFiles:
    """Picture files and the time of each; box: where the face is in all of them, if the set says so.

    every_s: of pictures that come faster than this, only the ones nearest to its multiples are read; 0 for all.
    """

    paths: Tuple[Path, ...]
    frame_s: Tuple[float, ...]
    box: Optional[Box] = None
    every_s: float = 0.0

    @property
    def place(self) -> Path:
        return self.paths[0] if len(self.paths) == 1 else self.paths[0].parent

    def length_s(self) -> float:
        """From the clip's start to the end of the last picture, as if all were shown equally long."""
        shown_s = self.frame_s[-1] / (len(self.frame_s) - 1) if len(self.frame_s) > 1 else 1 / USUAL_FPS
        return self.frame_s[-1] + shown_s

    def images(self) -> Iterator[Picture]:
        for index in _nearest_to_multiples(np.asarray(self.frame_s), self.every_s):
            yield Picture(int(index), self.frame_s[index], read_picture(self.paths[index]), self.box)


@dataclass(frozen=True)
class VideoSpan:
    """A video, or a part of one. Stamps count from start_s; indices from the first frame of the span."""

    path: Path
    start_s: float = 0.0
    end_s: float = math.inf
    every_s: float = 0.1

    @property
    def place(self) -> Path:
        return self.path

    def length_s(self) -> float:
        """From start_s to the span's end, or to the video's; infinity where the video does not tell its length."""
        capture = _opened(self.path)
        try:
            frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
            told_s = frames * _period_s(capture) if math.isfinite(frames) and frames > 0 else math.inf
        finally:
            capture.release()
        return min(told_s, self.end_s) - self.start_s

    def frames_per_s(self) -> float:
        """As the video tells it, USUAL_FPS where it does not. Raises BrokenFileError."""
        capture = _opened(self.path)
        try:
            return 1 / _period_s(capture)
        finally:
            capture.release()

    def images(self) -> Iterator[Picture]:
        capture = _opened(self.path)
        try:
            yield from self._read(capture)
        finally:
            capture.release()

    def _read(self, capture: cv2.VideoCapture) -> Iterator[Picture]:
        period_s = _period_s(capture)
        if self.start_s > 0:
            capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * max(0.0, self.start_s - 1.0))
        due_s, index, last_s = 0.0, -1, -math.inf
        while capture.grab():
            stamp_s = _stamp_s(capture, last_s, period_s)
            last_s = stamp_s
            if stamp_s >= self.end_s:
                break
            if stamp_s < self.start_s - period_s / 2:
                continue
            index += 1
            since_start_s = max(0.0, stamp_s - self.start_s)
            # Decoding without converting is cheap; the frame nearest to the slot's centre is the one that we keep.
            if since_start_s >= due_s - period_s / 2 - 1e-6:
                yield Picture(index, since_start_s, self._retrieved(capture, stamp_s))
                due_s = self.every_s * (math.floor(since_start_s / self.every_s + 0.5) + 1) if self.every_s else 0.0
        if index < 0:
            found = "none" if last_s == -math.inf else f"the video's end at {last_s:.2f} s"
            raise BrokenFileError(self.path, f"pictures after {self.start_s:g} s", found)

    def _retrieved(self, capture: cv2.VideoCapture, stamp_s: float) -> np.ndarray:
        read, bgr = capture.retrieve()
        if not read:
            raise BrokenFileError(self.path, "a picture that OpenCV decodes", "none", f"at {stamp_s:.2f} s")
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def read_picture(path: Path) -> np.ndarray:
    """RGB (H, W, 3) uint8. Raises BrokenFileError for what is not a picture."""
    if not path.is_file():
        raise BrokenFileError(path, "a picture", "no file")
    encoded = np.fromfile(path, np.uint8)
    try:
        bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if len(encoded) else None
    except cv2.error:  # as of a damaged header that tells of a picture of millions of pixels a side
        bgr = None
    if bgr is None:
        raise BrokenFileError(path, "a picture", f"{len(encoded)} bytes that are none")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def pictures_in(folder: Path) -> Tuple[Path, ...]:
    """The picture files of a folder, in the order of their names, 2 before 10; hidden ones (of archives) are none."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    return tuple(sorted((path for path in found if not path.name.startswith(".")), key=_counted))


def _counted(path: Path) -> Tuple[List[Union[str, int]], str]:
    """The name with its numbers as such; text and numbers take turns, so that any two can be compared."""
    parts = re.split(r"([0-9]+)", path.stem)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], path.name


def _opened(path: Path) -> cv2.VideoCapture:
    if not path.is_file():
        raise BrokenFileError(path, "a video", "no file")
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened() or capture.get(cv2.CAP_PROP_FRAME_WIDTH) < 1:
        capture.release()
        raise BrokenFileError(path, "a video that OpenCV reads", f"{path.stat().st_size} bytes that are none")
    return capture


def _period_s(capture: cv2.VideoCapture) -> float:
    fps = capture.get(cv2.CAP_PROP_FPS)
    return 1 / (fps if math.isfinite(fps) and 0 < fps < 1000 else USUAL_FPS)


def _stamp_s(capture: cv2.VideoCapture, last_s: float, period_s: float) -> float:
    """Some containers say 0 for every frame, or jump back."""
    stamp_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
    return stamp_s if stamp_s > last_s else last_s + period_s


def _nearest_to_multiples(frame_s: np.ndarray, every_s: float) -> np.ndarray:
    if every_s <= 0 or len(frame_s) == 0:
        return np.arange(len(frame_s))
    slots = np.round(frame_s / every_s)
    order = np.lexsort((np.abs(frame_s - slots * every_s), slots))
    _, firsts = np.unique(slots[order], return_index=True)
    return np.sort(order[firsts])
