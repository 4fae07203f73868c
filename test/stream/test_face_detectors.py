import numpy as np
import pytest

from stf2m_ros.stream.face_box import overlap
from stf2m_ros.stream.face_detectors import HaarDetector, HaarSettings, YuNetDetector, box_of_landmarks, nearest_face


def test_faces_are_found_the_largest_first(scene):
    boxes = HaarDetector().find(scene((scene.anna, 200, 180, 100), (scene.bela, 450, 180, 150)))
    assert [round(x + width / 2, -1) for x, _, width, _ in boxes] == [450, 200]


def test_an_empty_room_has_no_face(scene):
    assert HaarDetector().find(scene()) == []


def test_a_face_is_found_again_near_its_last_place(scene):
    detector, image = HaarDetector(), scene((scene.anna, 200, 180, 100), (scene.bela, 450, 180, 150))
    face = detector.find_near(image, (150, 130, 110, 110))
    assert overlap(face, detector.find(image)[1]) > 0.7
    assert detector.find_near(image, (10, 10, 80, 80)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (30, 2000), (4320, 7680)])
def test_an_image_of_any_size_is_searched_without_a_word(shape):
    image, detector = np.zeros((*shape, 3), np.uint8), HaarDetector()
    assert detector.find(image) == []
    for box in [(0, 0, 1, 1), (-100, -100, 50, 50), (90000, 10, 400, 400), (0, 0, 3000, 3000)]:
        assert detector.find_near(image, box) is None


def test_a_face_that_jumped_or_grew_too_far_is_not_the_same():
    assert nearest_face((0, 0, 100, 100), [(60, 0, 100, 100), (0, 0, 170, 170)]) is None
    assert nearest_face((0, 0, 100, 100), [(40, 0, 100, 100), (10, 0, 100, 100)]) == (10, 0, 100, 100)


def test_missing_cascades_say_where_they_were_looked_for_and_what_brings_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"expected haarcascade_.*{tmp_path}.*apt install opencv-data"):
        HaarDetector(cascade_folder=tmp_path)


def test_settings_that_cannot_be_say_what_was_found():
    with pytest.raises(ValueError, match="found HaarSettings.work_px=10"):
        HaarSettings(work_px=10)


def test_a_missing_yunet_model_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="found nothing at .*model.onnx"):
        YuNetDetector(tmp_path / "model.onnx")


def test_a_file_that_is_no_yunet_model_is_named(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"not a network")
    with pytest.raises(ValueError, match="model.onnx: expected a YuNet model"):
        YuNetDetector(tmp_path / "model.onnx")


def test_a_network_that_is_not_yunet_is_named_at_once_and_not_at_the_first_image(tiny_bundle_folder):
    with pytest.raises(ValueError, match="frame_encoder.onnx: expected a YuNet model"):
        YuNetDetector(tiny_bundle_folder / "frame_encoder.onnx")


def test_landmarks_give_the_box_that_the_cascade_would():
    # Eyes, nose, mouth corners of a face whose Haar box is (429, 95, 102, 102).
    points = np.array([(462.8, 136.5), (498.2, 136.5), (480, 155), (465, 175.5), (495, 175.5)])
    assert overlap(box_of_landmarks(points), (429, 95, 102, 102)) > 0.85
