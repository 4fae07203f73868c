"""The picture of a clip."""

import cv2
import numpy as np
import pytest
from segments import make_segment

from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.evaluation.recordings.thumbnails import SIZE_PX, read_thumbnails
from stf2m_ros.evaluation.recordings.timeline import Thumbnail, Timeline, draw_timeline, lanes_of_words
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, AbsenceReason
from stf2m_ros.stream.timed_word import TimedWord

CLASSES = [2] * 8 + [NEUTRAL_INDEX] * 4 + [NO_CLASS] * 6 + [7] * 8


def a_timeline(classes=CLASSES, **more):
    segments = tuple(
        make_segment(
            100 + 0.5 * step,
            index,
            absence=AbsenceReason.NO_FACE if index == NO_CLASS else AbsenceReason.PRESENT,
        )
        for step, index in enumerate(classes)
    )
    return Timeline("a clip", "for tests only", segments, origin_s=100.0, **more)


def test_a_picture_with_everything_in_it_is_drawn(tmp_path):
    words = tuple(TimedWord("word", 100 + step, 100.4 + step) for step in range(10))
    faces = (Thumbnail(2.0, np.full((8, 8, 3), 128, np.uint8)),)
    draw_timeline(a_timeline(words=words, thumbnails=faces), tmp_path / "picture.png")
    assert cv2.imread(str(tmp_path / "picture.png")).shape[1] == 1300


def test_a_picture_of_nobody_is_drawn_and_differs(tmp_path):
    draw_timeline(a_timeline(), tmp_path / "somebody.png")
    draw_timeline(a_timeline([NO_CLASS] * len(CLASSES)), tmp_path / "nobody.png")
    assert (tmp_path / "somebody.png").read_bytes() != (tmp_path / "nobody.png").read_bytes()


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="at least one segment"):
        Timeline("empty", "", ())


def test_words_never_cover_each_other():
    words = [TimedWord("together", 0.0, 0.1), TimedWord("now", 0.1, 0.2), TimedWord("later", 9.0, 9.1)]
    assert [lane for _, lane in lanes_of_words(words, character_s=0.1)] == [0, 1, 0]


def test_words_that_find_no_lane_are_left_out():
    words = [TimedWord("everybody", 0.01 * step, 1.0) for step in range(20)]
    assert len(lanes_of_words(words, character_s=0.1)) == 4


def test_thumbnails_show_the_face_where_its_box_is_known(tmp_path):
    video = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 160))
    frame = np.zeros((160, 320, 3), np.uint8)
    frame[40:100, 220:280] = 255
    for _ in range(20):
        writer.write(frame)
    writer.release()
    (face,) = read_thumbnails(video, [(1.0, (220, 40, 60, 60))], length_s=2.0, count=1)
    (middle,) = read_thumbnails(video, [], length_s=2.0, count=1)
    assert face.image_rgb.shape == (SIZE_PX, SIZE_PX, 3)
    assert face.image_rgb[SIZE_PX // 2, SIZE_PX // 2].min() > 200
    assert middle.image_rgb[SIZE_PX // 2, SIZE_PX // 2].max() < 50
