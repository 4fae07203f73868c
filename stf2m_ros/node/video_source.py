"""Images with times, from a video file or a webcam, through OpenCV."""

import math
import time
from pathlib import Path
from typing import Iterator, NamedTuple, Optional, Protocol, Union

import cv2
import numpy as np

USUAL_FPS = 30.0


class TimedImage(NamedTuple):
    """BGR (H, W, 3) uint8, as OpenCV reads it, and seconds since the source's beginning."""

    time_s: float
    bgr: np.ndarray


class VideoSource(Protocol):
    """Where images come from. duration_s is None where nobody knows."""

    description: str
    duration_s: Optional[float]
    is_live: bool

    def images(self) -> Iterator[TimedImage]: ...

    def close(self) -> None: ...


def open_source(video: Optional[Union[str, Path]], camera: Optional[int]) -> VideoSource:
    """A file, or a webcam by its number. Raises ValueError or OSError, in one line."""
    return VideoFile(video) if video is not None else Webcam(camera)


class VideoFile:
    """A video file; images() begins at the beginning each time."""

    is_live = False

    def __init__(self, path: Union[str, Path]) -> None:
        """Raises FileNotFoundError, and ValueError for a file that is no video."""
        self._path = Path(path)
        if not self._path.is_file():
            raise FileNotFoundError(f"{path}: expected a video file, found none")
        self._capture = self._open()
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if math.isfinite(fps) and 0 < fps < 1000 else USUAL_FPS
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.duration_s = count / self.fps if count > 0 else None
        width, height = (int(self._capture.get(each)) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        length = "of unknown length" if self.duration_s is None else f"{self.duration_s:.1f} s"
        self.description = f"{path}, {width}x{height}, {self.fps:.4g} frames a second, {length}"

    def images(self) -> Iterator[TimedImage]:
        if self._capture is None:
            self._capture = self._open()
        time_s, first_s = -1 / self.fps, None
        while True:
            read, bgr = self._capture.read()
            if not read:
                break
            stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            first_s = stamp_s if first_s is None else first_s
            # Some containers say 0 for every frame, or jump back.
            time_s = stamp_s - first_s if stamp_s - first_s > time_s else time_s + 1 / self.fps
            yield TimedImage(time_s, bgr)
        self.close()

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture = None

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened() or capture.get(cv2.CAP_PROP_FRAME_WIDTH) < 1:
            capture.release()
            raise ValueError(
                f"{self._path}: expected a video that OpenCV reads, found {self._path.stat().st_size} bytes"
            )
        return capture


class Webcam:
    """A webcam; its images bear the time at which they came."""

    is_live = True
    duration_s: Optional[float] = None

    def __init__(self, index: int) -> None:
        """Raises ValueError where there is no such camera."""
        none = f"expected a camera of number {index}, found none that opens"
        try:
            self._capture = cv2.VideoCapture(index)
        except cv2.error as error:  # a number that OpenCV cannot hold; it says so in five lines
            raise ValueError(none) from error
        if not self._capture.isOpened():
            self._capture.release()
            raise ValueError(none)
        self.description = f"camera {index}"

    def images(self) -> Iterator[TimedImage]:
        begin_s = time.monotonic()
        while True:
            read, bgr = self._capture.read()
            if not read:
                raise ValueError(f"{self.description}: expected images, found that it stopped sending")
            yield TimedImage(time.monotonic() - begin_s, bgr)

    def close(self) -> None:
        self._capture.release()
