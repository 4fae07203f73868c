import numpy as np
import pytest
from set_fixtures import real, write_picture

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading, read_faces
from stf2m_ros.data.sets.pictures import PictureFiles, VideoSpan


def test_a_picture_that_is_a_face_is_taken_whole(tmp_path):
    track = read_faces(PictureFiles((write_picture(tmp_path / "f.png", 77),), (0.0,)), FaceReading(WHOLE))
    assert track.frames.shape == (1, 112, 112, 3) and (track.frames == 77).all()


def test_a_clip_without_any_face_is_broken(tmp_path):
    pictures = PictureFiles((write_picture(tmp_path / "f.png", 77, 200),) * 3, (0.0, 0.1, 0.2))
    with pytest.raises(BrokenFileError, match="expected a face in at least one picture, found none"):
        read_faces(pictures, FaceReading())


def test_a_face_that_the_set_has_marked_is_cut_there(tmp_path):
    path = write_picture(tmp_path / "f.png", 10, 200)
    track = read_faces(PictureFiles((path,), (0.0,), box=(20.0, 20.0, 50.0, 50.0)), FaceReading())
    assert track.frames.shape == (1, 112, 112, 3)


def test_the_face_in_a_real_video_is_found_from_the_first_frame_on():
    track = read_faces(VideoSpan(real("video", "single_face.mp4")), FaceReading())
    assert track.frame_s[0] == 0 and len(track.frames) >= 22
    assert np.allclose(np.diff(track.frame_s), 0.1, atol=0.02)


def test_a_way_of_finding_faces_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="expected face find or whole, found 'guess'"):
        FaceReading("guess")
