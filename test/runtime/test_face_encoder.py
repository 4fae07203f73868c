from pathlib import Path
from typing import Dict, Mapping

import numpy as np
import pytest
from fakes import ScriptedCropper

from stf2m_ros.runtime.face_encoder import FaceEncoder
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.face_observation import FaceAbsent, FaceFound
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.frame_preprocessing import crop_face, normalise
from stf2m_ros.stream.settings import Preprocessing

PICTURE = np.random.RandomState(0).randint(0, 256, (240, 320, 3), np.uint8)
FACE = FaceFound(box=(100.0, 60.0, 80.0, 80.0), track_id=1, switched=False)


@pytest.fixture(scope="module")
def engine(tiny_bundle_folder: Path) -> OnnxEngine:
    return OnnxEngine(tiny_bundle_folder / "frame_encoder.onnx")


class Untouchable:
    """An engine that must not be asked."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        raise AssertionError("encoded an image without a face")

    def close(self) -> None:
        pass


def test_the_face_is_cut_out_as_in_training_and_encoded(engine: OnnxEngine) -> None:
    look = FaceEncoder(Preprocessing(), engine, ScriptedCropper(FACE)).look(Frame(1.0, lambda: PICTURE))
    crop = crop_face(PICTURE, FACE.box, Preprocessing())
    expected = engine.run({"faces": normalise(crop[None], Preprocessing())})["tokens"][0]
    np.testing.assert_array_equal(look.tokens, expected)
    assert look.observation == FACE


def test_an_image_without_a_face_is_not_encoded() -> None:
    absent = FaceAbsent(AbsenceReason.OTHER_PERSON)
    look = FaceEncoder(Preprocessing(), Untouchable(), ScriptedCropper(absent)).look(Frame(1.0, lambda: PICTURE))
    assert look.tokens is None
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
    look = FaceEncoder(Preprocessing(), Untouchable(), cropper).look(Frame(1.0, read))
    assert look.observation == FaceAbsent(AbsenceReason.BAD_IMAGE)
    assert cropper.stamps_s == []


def test_a_stretch_of_bad_images_is_logged_once(caplog: pytest.LogCaptureFixture, engine: OnnxEngine) -> None:
    encoder = FaceEncoder(Preprocessing(), engine, ScriptedCropper(FACE))
    for stamp_s, read in enumerate([lying, lying, lambda: PICTURE, lying]):
        encoder.look(Frame(float(stamp_s), read))
    assert [record.getMessage()[:17] for record in caplog.records] == ["image at 0.000 s ", "image at 3.000 s "]


def test_a_reset_reaches_the_cropper() -> None:
    cropper = ScriptedCropper(FACE)
    FaceEncoder(Preprocessing(), Untouchable(), cropper).reset()
    assert cropper.resets == 1
