"""Finding faces in one image: OpenCV's own cascades, or a YuNet model file that the user names."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Protocol, Tuple, Union

import cv2
import numpy as np

from stf2m_ros.stream.face_box import distance, overlap, size_ratio, square_around
from stf2m_ros.stream.face_observation import Box
from stf2m_ros.stream.shrinking import shrunk

_CASCADES = ("haarcascade_frontalface_default.xml", "haarcascade_frontalface_alt2.xml")
_SYSTEM_FOLDERS = ("/usr/share/opencv4/haarcascades", "/usr/share/opencv/haarcascades")


class FaceDetector(Protocol):
    """Finds the faces of an image (H, W, 3) uint8 RGB, the largest first."""

    def find(self, image_rgb: np.ndarray) -> List[Box]:
        """All faces; for faces that nobody has seen before, so a wrong one is worse than a missed one."""
        ...

    def find_near(self, image_rgb: np.ndarray, box: Box) -> Optional[Box]:
        """The face that box, where it was shortly before, should have become; cheap."""
        ...


@dataclass(frozen=True)
class HaarSettings:
    """What the cascades look for. A face at 1.5 m fills some 8 % of a 65 degree camera's width."""

    work_px: int = 320  # the longer side of the image that is searched
    min_face_share: float = 0.075  # of the longer side; the smallest face that is found
    near_face_px: int = 44  # width of the face when it is looked for near its last place

    def __post_init__(self) -> None:
        if not 0 < self.min_face_share < 1 or self.near_face_px < 24 or self.work_px < 80:
            raise ValueError(f"expected 0 < min_face_share < 1, near_face_px >= 24, work_px >= 80, found {self}")


class HaarDetector:
    """OpenCV's frontal cascades, on a small grey image. A new face must be seen by both of two cascades."""

    def __init__(
        self, settings: Optional[HaarSettings] = None, cascade_folder: Optional[Union[str, Path]] = None
    ) -> None:
        """Raises FileNotFoundError, naming the folders, if OpenCV's cascade files are in none of them."""
        self._settings = settings or HaarSettings()
        folder = _cascade_folder(cascade_folder)
        self._first, self._second = (cv2.CascadeClassifier(str(folder / name)) for name in _CASCADES)

    def find(self, image_rgb: np.ndarray) -> List[Box]:
        grey, scale = _small_grey(image_rgb, min(1.0, self._settings.work_px / max(image_rgb.shape[:2])))
        smallest = max(20, round(self._settings.min_face_share * max(grey.shape)))
        hits = self._first.detectMultiScale(grey, scaleFactor=1.15, minNeighbors=4, minSize=(smallest, smallest))
        boxes = [_box_of(hit, scale, 0, 0) for hit in hits]
        agreed = [box for box in boxes if self._near(self._second, image_rgb, box) is not None]
        return sorted(agreed, key=lambda box: -box[2])

    def find_near(self, image_rgb: np.ndarray, box: Box) -> Optional[Box]:
        return self._near(self._first, image_rgb, box)

    def _near(self, cascade: cv2.CascadeClassifier, image_rgb: np.ndarray, box: Box) -> Optional[Box]:
        part, left, top = _surroundings(image_rgb, box)
        if part.size == 0:
            return None
        grey, scale = _small_grey(part, self._settings.near_face_px / box[2])
        sizes = [max(20, round(factor * box[2] * scale)) for factor in (0.7, 1.45)]
        hits = cascade.detectMultiScale(
            grey, scaleFactor=1.1, minNeighbors=3, minSize=(sizes[0], sizes[0]), maxSize=(sizes[1], sizes[1])
        )
        return nearest_face(box, [_box_of(hit, scale, left, top) for hit in hits])


class YuNetDetector:
    """The YuNet network from a model file that the user names; sees turned heads too."""

    def __init__(self, model_path: Union[str, Path], work_px: int = 320, score: float = 0.7) -> None:
        """Raises ValueError if OpenCV cannot read the file as such a model, FileNotFoundError if it is not there."""
        if not Path(model_path).is_file():
            raise FileNotFoundError(f"expected a YuNet model file (.onnx), found nothing at {model_path}")
        try:
            self._network = cv2.FaceDetectorYN.create(str(model_path), "", (work_px, work_px), score)
            self._network.detect(np.zeros((work_px, work_px, 3), np.uint8))  # another network fails here, not before
        except cv2.error as error:
            raise ValueError(f"{model_path}: expected a YuNet model (.onnx), found: {error.err}") from error
        self._work_px = work_px

    def find(self, image_rgb: np.ndarray) -> List[Box]:
        factor = min(1.0, self._work_px / max(image_rgb.shape[:2]))
        small = cv2.resize(image_rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, faces = self._network.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        boxes = [box_of_landmarks(row[4:14].reshape(5, 2) / factor) for row in ([] if faces is None else faces)]
        return sorted(boxes, key=lambda box: -box[2])

    def find_near(self, image_rgb: np.ndarray, box: Box) -> Optional[Box]:
        part, left, top = _surroundings(image_rgb, box)
        if part.size == 0:
            return None
        found = [(x + left, y + top, width, height) for x, y, width, height in self.find(part)]
        return nearest_face(box, found)


def box_of_landmarks(points: np.ndarray) -> Box:
    """The square that the Haar cascade would return, from eyes, nose and mouth corners (5, 2) in pixels.

    [ours] The three factors are the cascade's own, measured on faces whose eyes and mouth are known.
    """
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    eye_distance, face_length = np.linalg.norm(points[1] - points[0]), np.linalg.norm(mouth - eyes)
    # A turned head shortens the one but not the other.
    side = max(2.9 * float(eye_distance), 2.6 * float(face_length), 1.0)
    centre = eyes + 0.28 * (mouth - eyes)
    return square_around(float(centre[0]), float(centre[1]), side)


def nearest_face(box: Box, faces: List[Box]) -> Optional[Box]:
    """Of the faces that can be the box a moment later, the one that overlaps it most."""
    possible = [face for face in faces if distance(face, box) < 0.5 and size_ratio(face, box) < 1.6]
    return max(possible, key=lambda face: overlap(face, box), default=None)


def _cascade_folder(named: Optional[Union[str, Path]]) -> Path:
    # OpenCV from Debian, as on a robot, has no cv2.data; the one from PyPI has nothing under /usr/share.
    own = [cv2.data.haarcascades] if hasattr(cv2, "data") else []
    folders = [Path(folder) for folder in ([named] if named is not None else [*own, *_SYSTEM_FOLDERS])]
    for folder in folders:
        if all((folder / name).is_file() for name in _CASCADES):
            return folder
    looked_in = ", ".join(map(str, folders))
    raise FileNotFoundError(f"expected {' and '.join(_CASCADES)} in {looked_in}, found none: apt install opencv-data")


def _small_grey(image_rgb: np.ndarray, scale: float) -> Tuple[np.ndarray, float]:
    rows, columns = image_rgb.shape[:2]
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    small = shrunk(image_rgb, *size) if scale < 1 else cv2.resize(image_rgb, size, interpolation=cv2.INTER_LINEAR)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), scale


def _surroundings(image_rgb: np.ndarray, box: Box) -> Tuple[np.ndarray, int, int]:
    """The box with half its width around it, as far as the image goes, and its corner."""
    x, y, width, height = box
    left, top = max(0, round(x - width / 2)), max(0, round(y - height / 2))
    right, bottom = max(left, round(x + 1.5 * width)), max(top, round(y + 1.5 * height))
    return image_rgb[top:bottom, left:right], left, top


def _box_of(hit: np.ndarray, scale: float, left: int, top: int) -> Box:
    x, y, width, height = (float(value) / scale for value in hit)
    return x + left, y + top, width, height
