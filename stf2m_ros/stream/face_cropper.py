"""Where the followed person's face is: one person, through short absences, and never somebody else unsaid."""

from typing import List, Optional, Protocol, Tuple

import numpy as np

from stf2m_ros.stream import face_likeness
from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.cropper_settings import CropperSettings
from stf2m_ros.stream.face_box import square_around
from stf2m_ros.stream.face_detectors import FaceDetector, nearest_face
from stf2m_ros.stream.face_observation import Box, FaceAbsent, FaceFound, FaceObservation
from stf2m_ros.stream.followed_person import FollowedPerson
from stf2m_ros.stream.frame_preprocessing import check_image
from stf2m_ros.stream.settings import Preprocessing

__all__ = ["Cropper", "CropperSettings", "FaceAbsent", "FaceCropper", "FaceFound", "FaceObservation", "ReadyCrop"]


class Cropper(Protocol):
    """Says where the face to read is in each image (H, W, 3) uint8 RGB, taken at stamp_s."""

    def locate(self, stamp_s: float, image_rgb: np.ndarray) -> FaceObservation: ...

    def reset(self) -> None: ...


class ReadyCrop:
    """For images that are face crops already: all of the image, and always the same person."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self._box_scale = preprocessing.box_scale

    def locate(self, stamp_s: float, image_rgb: np.ndarray) -> FaceObservation:
        check_image(image_rgb)
        rows, columns = image_rgb.shape[:2]
        # The crop is box_scale times the box: this box makes it the largest square of the image.
        box = square_around(columns / 2, rows / 2, min(rows, columns) / self._box_scale)
        return FaceFound(box, track_id=1, switched=False)

    def reset(self) -> None:
        """There is nothing to forget."""


class FaceCropper:
    """Follows one person with a tracker, and asks the detector now and then, at once when in doubt.

    A person who is away is waited for; who else stands there is not read until switch_after_s have passed.
    """

    def __init__(self, detector: FaceDetector, settings: Optional[CropperSettings] = None) -> None:
        self._detector = detector
        self._settings = settings or CropperSettings()
        self._track_id = 0
        face_likeness.prepare()
        self.reset()

    def reset(self) -> None:
        """Forget whom we followed; the track numbers go on, so that nobody is mistaken for them."""
        self._person: Optional[FollowedPerson] = None
        self._newcomer: Optional[Box] = None
        self._absence = FaceAbsent(AbsenceReason.NO_FACE)
        self._asked_s = float("-inf")
        self._image_size: Optional[Tuple[int, int]] = None

    def locate(self, stamp_s: float, image_rgb: np.ndarray) -> FaceObservation:
        """Find the followed person's face in the image taken at stamp_s; the first face found becomes theirs.

        Raises ValueError for what is not an RGB image.
        """
        check_image(image_rgb)
        self._mind_the_size(image_rgb)
        person = self._person
        if person is not None and person.in_sight:
            score = person.follow(stamp_s, image_rgb)
            if person.in_sight:
                self._check(person, score, stamp_s, image_rgb)
            if person.in_sight:
                return FaceFound(person.smooth_box, self._track_id, switched=False)
            return self._search(stamp_s, image_rgb)
        if self._newcomer is not None or self._is_time(stamp_s, self._settings.search_every_s):
            return self._search(stamp_s, image_rgb)
        return self._absence

    def _check(self, person: FollowedPerson, score: float, stamp_s: float, image_rgb: np.ndarray) -> None:
        """Ask the detector whether what the tracker holds is still a face, and theirs."""
        in_doubt = score < self._settings.trusted_score
        if not in_doubt and not self._is_time(stamp_s, self._settings.detect_every_s):
            return
        self._asked_s = stamp_s
        detected = self._detector.find_near(image_rgb, person.box)
        likeness = person.likeness(image_rgb, person.box if detected is None else detected)
        settings = self._settings
        if detected is None:
            # A turned head still has its skin and hair; a wall or another person that slid into the box has not.
            too_long = stamp_s - person.confirmed_s > settings.unconfirmed_s
            is_theirs = likeness >= settings.other_likeness and not too_long
        else:
            is_theirs = likeness >= settings.other_likeness
            if in_doubt:
                is_theirs = person.is_like(likeness, settings.same_likeness)
        if not is_theirs:
            person.lose()
        elif detected is not None:
            person.confirm(stamp_s, image_rgb, detected)

    def _search(self, stamp_s: float, image_rgb: np.ndarray) -> FaceObservation:
        self._asked_s = stamp_s
        faces = self._detector.find(image_rgb)
        if self._person is not None and stamp_s - self._person.seen_s <= self._settings.switch_after_s:
            return self._wait_for(self._person, faces, stamp_s, image_rgb)
        return self._take_up(faces, stamp_s, image_rgb)

    def _wait_for(
        self, person: FollowedPerson, faces: List[Box], stamp_s: float, image_rgb: np.ndarray
    ) -> FaceObservation:
        settings = self._settings
        near = self._detector.find_near(image_rgb, person.box)
        candidates = [*faces, *([] if near is None else [near])]
        likenesses = [person.likeness(image_rgb, face) for face in candidates]
        if candidates:
            best = int(np.argmax(likenesses))
            here = person.can_be_at(stamp_s, candidates[best])
            if person.is_like(likenesses[best], settings.same_likeness if here else settings.sure_likeness):
                person.take_up_again(stamp_s, image_rgb, candidates[best])
                return FaceFound(person.smooth_box, self._track_id, switched=False)
        return self._absent(AbsenceReason.OTHER_PERSON if candidates else AbsenceReason.NO_FACE)

    def _take_up(self, faces: List[Box], stamp_s: float, image_rgb: np.ndarray) -> FaceObservation:
        """A new person must be seen in two images running: a cascade's false alarms seldom are."""
        again = None if self._newcomer is None else nearest_face(self._newcomer, faces)
        if again is None:
            self._person = None
            self._newcomer = faces[0] if faces else None
            somebody_else = bool(faces) and self._track_id > 0
            return self._absent(AbsenceReason.OTHER_PERSON if somebody_else else AbsenceReason.NO_FACE)
        self._newcomer = None
        self._person = FollowedPerson(stamp_s, image_rgb, again, self._settings)
        self._track_id += 1
        return FaceFound(again, self._track_id, switched=self._track_id > 1)

    def _absent(self, reason: AbsenceReason) -> FaceAbsent:
        self._absence = FaceAbsent(reason)
        return self._absence

    def _is_time(self, stamp_s: float, every_s: float) -> bool:
        # Half a slot early rather than a whole one late; and a clock that went back must not stop us.
        return not 0 <= stamp_s - self._asked_s < every_s - 0.05

    def _mind_the_size(self, image_rgb: np.ndarray) -> None:
        rows, columns = image_rgb.shape[:2]
        if self._image_size not in (None, (rows, columns)):
            self._newcomer = None
            if self._person is not None:
                self._person.rescale(columns / self._image_size[1])
        self._image_size = (rows, columns)
