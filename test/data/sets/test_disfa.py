import numpy as np
import pytest
from set_fixtures import facs_labelling, write_disfa_labels, write_video

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.disfa import Disfa
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.fuzzy.components import COMPONENTS

SMILE = {12: [0] * 20 + [4] * 20, 6: [0] * 20 + [3] * 20}


@pytest.fixture()
def folder(tmp_path):
    write_disfa_labels(tmp_path, "SN001", SMILE, rows=40)
    return tmp_path


def read(folder, **options):
    return list(clips(Disfa(folder, facs_labelling(), faces=FaceReading(WHOLE), **options)))


def test_action_units_become_components_and_the_rules_labels(folder):
    (clip,) = read(folder)
    assert (clip.clip_id, clip.subject, clip.frames) == ("disfa-SN001", "SN001", None)
    assert clip.components.shape == (40, 12) and clip.frame_s[-1] == pytest.approx(39 / 20)
    assert np.isnan(clip.components[:, COMPONENTS.index("nostril")]).all()
    assert clip.components[-1, COMPONENTS.index("left_mouth_corner")] == pytest.approx(0.8)
    assert [CLASS_NAMES[label.class_index] for label in clip.labels] == ["neutral", "happiness-medium"]
    assert clip.labels[1].start_s == pytest.approx(19.5 / 20)


def test_the_video_gives_ten_frames_a_second_each_with_its_own_components(folder):
    write_video(folder / "Video_RightCamera" / "RightVideoSN001_comp.avi", frames=40, fps=20)
    assert read(folder)[0].frames is None  # the left one is not there
    (clip,) = read(folder, camera="right")
    assert len(clip.frames) == len(clip.components) == 20
    smiling = clip.components[:, COMPONENTS.index("left_mouth_corner")] > 0
    assert (smiling == (clip.frame_s > 0.99)).all()


def test_frames_beyond_the_scores_are_undetermined(folder):
    write_video(folder / "LeftVideoSN001_comp.avi", frames=44, fps=20)
    (clip,) = read(folder)
    assert len(clip.frames) == 22 and np.isnan(clip.components[20:]).all()


@pytest.mark.parametrize(
    ("unit", "text", "said"),
    [
        (4, "1,0\n3,0\n", "SN001_au4.txt, line 2: expected frame 2, found 3"),
        (9, "1,0\n2,6\n", "SN001_au9.txt, line 2: expected intensities 0 to 5, found 6"),
        (12, "1,0\n2;0\n", "SN001_au12.txt, line 2: expected 2 numbers, found 2;0"),
        (26, "1,0\n", "SN001_au26.txt: expected 40 rows, as in the other units' files, found 1"),
    ],
)
def test_a_broken_file_names_its_line(folder, unit, text, said):
    (folder / "ActionUnit_Labels" / "SN001" / f"SN001_au{unit}.txt").write_text(text)
    with pytest.raises(BrokenFileError, match=said):
        read(folder)


def test_a_person_whose_file_is_missing_can_be_left_out(folder):
    write_disfa_labels(folder, "SN002", {}, rows=5)
    (folder / "ActionUnit_Labels" / "SN001" / "SN001_au17.txt").unlink()
    left_out = LeftOut(skip_broken=True)
    assert [clip.subject for clip in read(folder, left_out=left_out)] == ["SN002"]
    assert "SN001_au17.txt: expected rows of 2 numbers, found no file" in left_out.lines()[0]


def test_a_folder_that_is_not_disfa_and_a_camera_that_is_not_there_say_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected DISFA with ActionUnit_Labels/SN001"):
        read(tmp_path)
    with pytest.raises(ValueError, match="expected camera left or right, found 'top'"):
        Disfa(tmp_path, facs_labelling(), camera="top")
