"""One camera image -> the region tokens of the followed person's face, or why there are none."""

import logging
from dataclasses import dataclass
from typing import Optional

import numpy as np

from stf2m_ros.runtime.engine import Engine
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
    tokens: Optional[np.ndarray]  # (R, D) float32 where the observation is a FaceFound


class FaceEncoder:
    """Reads an image, finds the face, cuts it out and encodes it."""

    def __init__(self, preprocessing: Preprocessing, frame_encoder: Engine, cropper: Cropper) -> None:
        self._preprocessing = preprocessing
        self._frame_encoder = frame_encoder
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
        return FaceLook(observation, self._encode(image, observation.box))

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

    def _encode(self, image: np.ndarray, box: Box) -> np.ndarray:
        crop = crop_face(image, box, self._preprocessing)
        return self._frame_encoder.run({"faces": normalise(crop[None], self._preprocessing)})["tokens"][0]
