"""A filmed scene: OpenCV can read it back, and its own face detector finds the person where the truth says."""

import cv2
import numpy as np
import pytest

from stf2m_ros.data.generated_faces.scene import SceneSettings, write_scene_video

SHORT = SceneSettings(duration_s=3.0, frames_per_s=10.0)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "talk.mp4"
    return path, write_scene_video(path, seed=2, settings=SHORT)


def frames_of(path):
    reader = cv2.VideoCapture(str(path))
    while True:
        read, frame = reader.read()
        if not read:
            return
        yield frame


def test_every_frame_can_be_read_back(film):
    path, scene = film
    frames = list(frames_of(path))
    assert len(frames) == len(scene.boxes) == 30
    assert frames[0].shape == (360, 640, 3)


def test_opencvs_detector_finds_the_face_where_the_truth_says(film):
    path, scene = film
    detector = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    errors = []
    for frame, (left, top, side, _) in zip(frames_of(path), scene.boxes):
        found = detector.detectMultiScale(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), 1.1, 4, minSize=(80, 80))
        if len(found):
            x, y, width, height = max(found, key=lambda box: box[2])
            centre = np.array([x + width / 2 - left - side / 2, y + height / 2 - top - side / 2]) / side
            errors.append([*centre, width / side - 1])
    assert len(errors) >= 0.95 * len(scene.boxes)
    assert np.abs(np.median(errors, axis=0)).max() < 0.12


def test_a_transcript_lies_beside_the_film(film):
    path, scene = film
    text = path.with_suffix(".srt").read_text(encoding="utf-8")
    assert all(word.text in text for word in scene.words)


def test_a_picture_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="found 200x100"):
        SceneSettings(width_px=200, height_px=100)


def test_a_codec_that_opencv_lacks_is_named(tmp_path):
    with pytest.raises(OSError, match="none"):
        write_scene_video(tmp_path / "talk.mp4", 0, SceneSettings(codec="none", duration_s=1.0))
