"""From pictures to face crops, cut as the robot cuts them."""

from dataclasses import dataclass, field
from typing import Iterator, List, NamedTuple, Optional

import numpy as np

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.pictures import Picture, PictureSource
from stf2m_ros.stream.face_cropper import Cropper, FaceCropper, FaceFound, ReadyCrop
from stf2m_ros.stream.face_detectors import HaarDetector, YuNetDetector
from stf2m_ros.stream.face_observation import Box
from stf2m_ros.stream.frame_preprocessing import crop_face
from stf2m_ros.stream.settings import Preprocessing

FIND, WHOLE = "find", "whole"


@dataclass(frozen=True)
class FaceReading:
    """How faces are cut out of pictures.

    face: "find" looks for the person as the robot does; "whole" says that every picture is a face already.
    yunet_model: file of OpenCV's YuNet detector, else OpenCV's cascades look.
    """

    face: str = FIND
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    yunet_model: Optional[str] = None

    def __post_init__(self) -> None:
        if self.face not in (FIND, WHOLE):
            raise ValueError(f"expected face {FIND} or {WHOLE}, found {self.face!r}")

    def cropper(self) -> Cropper:
        """A new one, that has seen nobody yet."""
        if self.face == WHOLE:
            return ReadyCrop(self.preprocessing)
        return FaceCropper(YuNetDetector(self.yunet_model) if self.yunet_model else HaarDetector())


class NoFaceFound(BrokenFileError):
    """The pictures can be read, and nobody is seen in any of them."""


class FaceTrack(NamedTuple):
    """The crops of one recording. index: which of the recording's pictures each comes from."""

    frames: np.ndarray  # (T, size, size, 3) RGB uint8
    frame_s: np.ndarray  # (T,)
    index: np.ndarray  # (T,)


def read_faces(source: PictureSource, reading: FaceReading) -> FaceTrack:
    """The face of each picture; pictures in which the person is not seen are absent.

    Raises BrokenFileError, NoFaceFound where no picture shows a face.
    """
    found = list(_crops(source.images(), reading))
    if not found:
        raise NoFaceFound(source.place, "a face in at least one picture", "none")
    return FaceTrack(
        np.stack([crop for _, crop in found]),
        np.array([picture.stamp_s for picture, _ in found]),
        np.array([picture.index for picture, _ in found]),
    )


def _crops(pictures: Iterator[Picture], reading: FaceReading) -> Iterator[tuple]:
    cropper: Optional[Cropper] = None
    for picture in pictures:
        box = picture.box
        if box is None:
            is_first = cropper is None
            cropper = cropper or reading.cropper()
            box = _located(cropper, picture, is_first)
        if box is not None:
            yield picture._replace(image_rgb=_NOTHING), crop_face(picture.image_rgb, box, reading.preprocessing)


_NOTHING = np.empty((0, 0, 3), np.uint8)


def _located(cropper: Cropper, picture: Picture, is_first: bool) -> Optional[Box]:
    # The cropper believes a face that it has seen twice; a first picture, which may be the only one, is shown twice.
    looks: List = [cropper.locate(picture.stamp_s, picture.image_rgb) for _ in range(2 if is_first else 1)]
    return looks[-1].box if isinstance(looks[-1], FaceFound) else None
