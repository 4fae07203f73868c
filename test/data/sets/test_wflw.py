import numpy as np
import pytest
from set_fixtures import face_points, facs_labelling, wflw_line, write_picture

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.data.sets.wflw import Wflw
from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.fuzzy.components import COMPONENTS


def write_list(folder, lines):
    path = folder / "WFLW_annotations" / "list_98pt_rect_attr_train_test" / "list_98pt_rect_attr_train.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))
    return path


@pytest.fixture()
def folder(tmp_path):
    still = [wflw_line(face_points(), f"0--Parade/p{number}.jpg") for number in range(3)]
    smile = wflw_line(face_points(smile=1.0), "1--Handshaking/my picture.jpg", (0, 1, 0, 0, 1, 0))
    write_list(tmp_path, [*still, smile])
    return tmp_path


def read(folder, **options):
    (path,) = Wflw.lists_in(folder)
    return list(clips(Wflw(path, facs_labelling(), **options)))


def test_landmarks_become_components_compared_with_the_median_face(folder):
    *still, smile = read(folder)
    corner = COMPONENTS.index("left_mouth_corner")
    assert [clip.components[0, corner] for clip in still] == [0, 0, 0] and smile.components[0, corner] > 0.8
    assert np.isnan(smile.components[0, [COMPONENTS.index("nose"), COMPONENTS.index("nostril")]]).all()
    assert [CLASS_NAMES[clip.labels[0].class_index] for clip in still] == ["neutral"] * 3
    assert CLASS_NAMES[smile.labels[0].class_index] == "happiness-high"


def test_the_picture_is_the_subject_and_attributes_are_facts(folder):
    smile = read(folder)[-1]
    assert smile.subject == "my picture.jpg" and smile.clip_id.endswith("-00004")
    assert (smile.facts["expression"], smile.facts["occlusion"], smile.facts["blur"]) == ("1", "1", "0")
    assert smile.facts["compared with"] == "median of the set"


def test_the_face_is_cut_where_the_landmarks_are(folder):
    for number in range(3):
        write_picture(folder / "WFLW_images" / "0--Parade" / f"p{number}.jpg", 90, 400)
    write_picture(folder / "WFLW_images" / "1--Handshaking" / "my picture.jpg", 90, 400)
    clip = read(folder, images=folder / "WFLW_images")[0]
    assert clip.frames.shape == (1, 112, 112, 3) and len(clip.frame_s) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1 2 3 a.jpg\n", "line 2: expected 206 numbers and a picture's name, found 4 words"),
        (wflw_line(face_points(), "a.jpg", (0, 0, 3, 0, 0, 0)), "line 2: expected 6 attributes of 0 or 1"),
        ("x" + wflw_line(face_points(), "a.jpg"), "line 2: expected 206 numbers, found x"),
    ],
)
def test_a_broken_line_is_named_or_left_out(tmp_path, line, said):
    path = write_list(tmp_path, [wflw_line(face_points(), "0.jpg"), line, wflw_line(face_points(), "2.jpg")])
    with pytest.raises(BrokenFileError, match=f"{path.name}, {said}"):
        read(tmp_path)
    left_out = LeftOut(skip_broken=True)
    assert [clip.clip_id[-5:] for clip in read(tmp_path, left_out=left_out)] == ["00001", "00003"]
    assert len(left_out.broken) == 1


def test_a_missing_picture_is_a_broken_file(folder):
    with pytest.raises(BrokenFileError, match=r"p0\.jpg: expected a picture, found no file"):
        read(folder, images=folder / "WFLW_images")
