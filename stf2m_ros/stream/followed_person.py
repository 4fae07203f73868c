"""The one person whose face is read: where they are, what they look like, and since when."""

import numpy as np

from stf2m_ros.stream.cropper_settings import CropperSettings
from stf2m_ros.stream.face_box import blended, distance, is_centred_in, scaled, size_ratio
from stf2m_ros.stream.face_likeness import FaceMemory, face_signature
from stf2m_ros.stream.face_observation import Box
from stf2m_ros.stream.face_tracker import FaceTracker

_WIDTHS_PER_S = 2.0  # how fast a face moves sideways while nobody looks
_GROWTH_PER_S = 1.5
_LESS_THAN_TYPICAL = 0.1  # by how much a person's likeness to themselves varies


class FollowedPerson:
    """Made when the person is taken up, dropped when they have been away for long."""

    def __init__(self, stamp_s: float, image_rgb: np.ndarray, box: Box, settings: CropperSettings) -> None:
        self._settings = settings
        self._memory = FaceMemory()
        self._tracker = FaceTracker(settings.trusted_score)
        self.take_up_again(stamp_s, image_rgb, box)

    def take_up_again(self, stamp_s: float, image_rgb: np.ndarray, box: Box) -> None:
        """They are here, wherever they were before."""
        self.smooth_box = box
        self._anchor(stamp_s, image_rgb, box)

    def confirm(self, stamp_s: float, image_rgb: np.ndarray, detected: Box) -> None:
        """The detector, too, sees them where the tracker does."""
        # Half-way: the tracker drifts, the detector jitters.
        self._anchor(stamp_s, image_rgb, blended(self.box, detected, 0.5, 0.5))
        self._smooth()

    def follow(self, stamp_s: float, image_rgb: np.ndarray) -> float:
        """Track them into this image; returns how well that went, -1 to 1."""
        tracked = self._tracker.follow(image_rgb)
        # Who walks out leaves an edge behind, on which the tracker would go on and out of the picture.
        in_picture = is_centred_in(tracked.box, *image_rgb.shape[:2])
        if in_picture and tracked.score >= self._settings.hold_score:
            self.box = tracked.box
            self.seen_s = stamp_s
            self._smooth()
        else:
            self.in_sight = False
        return tracked.score

    def lose(self) -> None:
        self.in_sight = False

    def likeness(self, image_rgb: np.ndarray, box: Box) -> float:
        return self._memory.likeness(face_signature(image_rgb, box))

    def is_like(self, likeness: float, needed: float) -> bool:
        """Whether a likeness says that it is them: as needed, and not far below how much they are like themselves."""
        return likeness >= max(needed, self._memory.typical - _LESS_THAN_TYPICAL)

    def can_be_at(self, stamp_s: float, box: Box) -> bool:
        """Whether they can have come from where they were last seen."""
        away_s = max(0.0, stamp_s - self.seen_s)
        near = distance(box, self.box) <= 0.5 + _WIDTHS_PER_S * away_s
        return near and size_ratio(box, self.box) <= 1.4 + _GROWTH_PER_S * away_s

    def rescale(self, factor: float) -> None:
        """The images have another resolution from here on."""
        self.box, self.smooth_box = scaled(self.box, factor), scaled(self.smooth_box, factor)
        self.in_sight = False

    def _anchor(self, stamp_s: float, image_rgb: np.ndarray, box: Box) -> None:
        self.box = box
        self.in_sight = True
        self.seen_s = self.confirmed_s = stamp_s
        self._tracker.start(image_rgb, box)
        self._memory.remember(stamp_s, face_signature(image_rgb, box))

    def _smooth(self) -> None:
        shares = self._settings.position_share, self._settings.size_share
        self.smooth_box = blended(self.smooth_box, self.box, *shares)
