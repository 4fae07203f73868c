import numpy as np
import pytest
from fakes import ScriptedCropper

from stf2m_ros.runtime.face_finder import FaceFinder
from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.face_observation import FaceAbsent, FaceFound
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.frame_preprocessing import crop_face, normalise
from stf2m_ros.stream.settings import Preprocessing

PICTURE = np.random.RandomState(0).randint(0, 256, (240, 320, 3), np.uint8)
FACE = FaceFound(box=(100.0, 60.0, 80.0, 80.0), track_id=1, switched=False)


def test_the_face_is_cut_out_as_in_training() -> None:
    look = FaceFinder(Preprocessing(), ScriptedCropper(FACE)).look(Frame(1.0, lambda: PICTURE))
    crop = crop_face(PICTURE, FACE.box, Preprocessing())
    np.testing.assert_array_equal(look.faces, normalise(crop[None], Preprocessing()))
    assert look.observation == FACE


def test_an_image_without_a_face_gives_none_to_encode() -> None:
    absent = FaceAbsent(AbsenceReason.OTHER_PERSON)
    look = FaceFinder(Preprocessing(), ScriptedCropper(absent)).look(Frame(1.0, lambda: PICTURE))
    assert look.faces is None
    assert look.observation == absent


def lying() -> np.ndarray:
    raise ValueError("image: expected a step of 960, found 12")


@pytest.mark.parametrize(
    "read",
    [
        lying,
        lambda: np.zeros((0, 0, 3), np.uint8),
        lambda: np.zeros((20, 20), np.uint8),
        lambda: np.zeros((20, 20, 3), np.float32),
    ],
)
def test_an_image_that_cannot_be_read_is_an_absence_with_that_reason(read) -> None:  # noqa: ANN001
    cropper = ScriptedCropper(FACE)
    look = FaceFinder(Preprocessing(), cropper).look(Frame(1.0, read))
    assert look.observation == FaceAbsent(AbsenceReason.BAD_IMAGE)
    assert cropper.stamps_s == []


def test_a_stretch_of_bad_images_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    finder = FaceFinder(Preprocessing(), ScriptedCropper(FACE))
    for stamp_s, read in enumerate([lying, lying, lambda: PICTURE, lying]):
        finder.look(Frame(float(stamp_s), read))
    assert [record.getMessage()[:17] for record in caplog.records] == ["image at 0.000 s ", "image at 3.000 s "]


def test_a_reset_reaches_the_cropper() -> None:
    cropper = ScriptedCropper(FACE)
    FaceFinder(Preprocessing(), cropper).reset()
    assert cropper.resets == 1
