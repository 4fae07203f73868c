"""One camera image -> the followed person's face as the frame encoder takes it, or why there is none."""

import logging
from dataclasses import dataclass
from typing import Optional

import numpy as np

from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.face_cropper import Cropper
from stf2m_ros.stream.face_observation import Box, FaceAbsent, FaceFound, FaceObservation
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.frame_preprocessing import check_image, crop_face, normalise
from stf2m_ros.stream.settings import Preprocessing

_LOG = logging.getLogger(__name__)
_THROTTLED = {"throttle_s": 10.0}  # good and bad images may alternate


@dataclass(frozen=True)
class FaceLook:
    """What one image showed."""

    observation: FaceObservation
    faces: Optional[np.ndarray]  # (1, 3, H, W) float32 where the observation is a FaceFound


class FaceFinder:
    """Reads an image, finds the face and cuts it out."""

    def __init__(self, preprocessing: Preprocessing, cropper: Cropper) -> None:
        self._preprocessing = preprocessing
        self._cropper = cropper
        self._image_was_bad = False

    def look(self, frame: Frame) -> FaceLook:
        """Looks at a frame once. Where reading it raises ValueError, as for an image that lies, the reason says so."""
        image = self._read(frame)
        if image is None:
            return FaceLook(FaceAbsent(AbsenceReason.BAD_IMAGE), None)
        observation = self._cropper.locate(frame.stamp_s, image)
        if not isinstance(observation, FaceFound):
            return FaceLook(observation, None)
        return FaceLook(observation, self._cut_out(image, observation.box))

    def reset(self) -> None:
        self._cropper.reset()
        self._image_was_bad = False

    def _read(self, frame: Frame) -> Optional[np.ndarray]:
        try:
            image = frame.read()
            check_image(image)
        except ValueError as error:
            if not self._image_was_bad:  # once per stretch of bad images, not ten times a second
                _LOG.warning("image at %.3f s cannot be read: %s", frame.stamp_s, error, extra=_THROTTLED)
            self._image_was_bad = True
            return None
        self._image_was_bad = False
        return image

    def _cut_out(self, image: np.ndarray, box: Box) -> np.ndarray:
        crop = crop_face(image, box, self._preprocessing)
        return normalise(crop[None], self._preprocessing)
