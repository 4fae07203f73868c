"""What looking for the followed person's face in one image found."""

from dataclasses import dataclass
from typing import Tuple, Union

from stf2m_ros.stream.absence import AbsenceReason

Box = Tuple[float, float, float, float]
"""x, y, width, height in pixels, the square that OpenCV's frontal Haar cascade returns."""


@dataclass(frozen=True)
class FaceFound:
    """The followed person's face."""

    box: Box
    track_id: int  # grows by one with each newly followed person; the first is 1
    switched: bool  # True once, at the first image after another person was taken up


@dataclass(frozen=True)
class FaceAbsent:
    """The followed person is not seen, and why."""

    reason: AbsenceReason


FaceObservation = Union[FaceFound, FaceAbsent]
