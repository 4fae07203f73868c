import pickle
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from set_fixtures import write_picture

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.sets.broken import LeftOut
from stf2m_ros.data.sets.ckplus48 import CkPlus48
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading
from stf2m_ros.data.sets.levels import UNTIL_THE_END
from stf2m_ros.data.sets.pictures import PictureFiles
from stf2m_ros.data.sets.recording import FilmedRecording, clips, nearest


@pytest.fixture()
def recording(tmp_path):
    paths = tuple(write_picture(tmp_path / f"{number}.png", number) for number in range(5))
    return FilmedRecording(
        "clip",
        "anna",
        labels=(LabelInterval(2, 0.0, UNTIL_THE_END),),
        pictures=PictureFiles(paths, (0.0, 0.1, 0.2, 0.3, 0.4)),
        faces=FaceReading(WHOLE),
        speech="Don't worry, be happy",
    )


def test_a_label_without_end_and_untimed_speech_last_as_long_as_the_clip(recording):
    clip = recording.load()
    assert clip.labels[0].end_s == clip.words[-1].end_s == pytest.approx(0.5)
    assert [word.text for word in clip.words] == ["Don't", "worry", "be", "happy"]


def test_components_follow_their_pictures_or_their_times(recording):
    states = np.arange(3)[:, None] * np.ones((1, 12), np.float32) / 10
    by_picture = replace(recording, components=states, components_s=(0.0, 0.1, 0.2)).load().components
    assert by_picture[:3, 0] == pytest.approx([0, 0.1, 0.2]) and np.isnan(by_picture[3:]).all()
    by_time = replace(recording, components=states, components_s=(0.21, 0.01, 0.41), by_time=True).load().components
    assert by_time[[0, 2, 4], 0] == pytest.approx([0.1, 0, 0.2]) and np.isnan(by_time[[1, 3]]).all()
    assert nearest(np.array([0.0, 1.0]), np.array([])).tolist() == [0, 0]


def test_a_recording_travels_to_another_process(recording):
    assert (pickle.loads(pickle.dumps(recording)).load().frames == recording.load().frames).all()


def test_memory_stays_flat_however_many_clips_there_are(tmp_path):
    for sequence in range(60):
        for frame in range(20):
            write_picture(tmp_path / "fear" / f"S{sequence:03}_001_{frame:08}.png", frame)
    data_set = CkPlus48(tmp_path)
    one_clip = 20 * 112 * 112 * 3
    next(clips(data_set))
    tracemalloc.start()
    total = sum(len(clip.frames) for clip in clips(data_set))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 1200 and peak < 4 * one_clip


def test_a_broken_clip_is_left_out_while_the_others_come(tmp_path):
    write_picture(tmp_path / "fear" / "S001_001_00000001.png")
    (tmp_path / "fear" / "S002_001_00000001.png").write_bytes(b"nothing")
    left_out = LeftOut(skip_broken=True)
    assert [clip.subject for clip in clips(CkPlus48(tmp_path, left_out=left_out))] == ["S001"]
    assert "S002_001_00000001.png: expected a picture" in left_out.broken[0]
