from collections import Counter

import pytest
from set_fixtures import real, write_picture

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.ckplus48 import CkPlus48
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import CLASS_NAMES


def test_the_pictures_of_a_sequence_are_one_clip_of_the_apex(tmp_path):
    for frame in (12, 13, 14):
        write_picture(tmp_path / "happy" / f"S010_002_{frame:08d}.png", frame)
    write_picture(tmp_path / "anger" / "S011_001_00000020.png")
    anger, happy = clips(CkPlus48(tmp_path))
    assert (happy.clip_id, happy.subject, happy.frames.shape) == ("S010_002", "S010", (3, 112, 112, 3))
    assert happy.frame_s == pytest.approx([0, 1 / 30, 2 / 30])
    (label,) = happy.labels
    assert CLASS_NAMES[label.class_index] == "happiness-high" and label.end_s == pytest.approx(2 / 30 + 0.1)
    assert CLASS_NAMES[anger.labels[0].class_index] == "anger-high"


def test_contempt_is_left_out_and_counted(tmp_path):
    write_picture(tmp_path / "contempt" / "S010_002_00000014.png")
    left_out = LeftOut()
    assert list(clips(CkPlus48(tmp_path, left_out=left_out))) == []
    assert left_out.without_class == {"contempt": 1}


def test_a_name_that_tells_no_subject_is_broken(tmp_path):
    write_picture(tmp_path / "fear" / "holiday.png")
    with pytest.raises(BrokenFileError, match=r"expected a name such as S010_002_00000014\.png, found holiday\.png"):
        list(clips(CkPlus48(tmp_path)))
    with pytest.raises(FileNotFoundError, match="expected folders such as anger and happy"):
        list(clips(CkPlus48(tmp_path / "fear")))


def test_the_real_pictures_are_165_sequences_of_subjects_with_even_numbers():
    data_set = CkPlus48(real("ckplus48"))
    recordings = list(data_set.recordings())
    assert len(recordings) == 165 and data_set.left_out.without_class == {"contempt": 9}
    assert all(int(recording.subject[1:]) % 2 == 0 for recording in recordings)
    counts = Counter(CLASS_NAMES[recording.labels[0].class_index] for recording in recordings)
    assert counts["surprise-high"] == 44 and len(counts) == 6
    assert recordings[0].load().frames.shape[1:] == (112, 112, 3)
