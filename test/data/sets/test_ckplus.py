from pathlib import Path

import numpy as np
import pytest
from set_fixtures import write_picture

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.ckplus import CkPlus, extents_of_landmarks
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.fuzzy.components import COMPONENTS


def landmarks(smile: float, shift: float = 0.0) -> np.ndarray:
    """68 points; the mouth's corners move with the smile, everything with the head."""
    points = np.stack([np.linspace(200, 440, 68), 200 + 80 * np.sin(np.arange(68))], axis=1)
    points[[48, 54], 1] -= 20 * smile
    return points + shift


def write_sequence(folder: Path, subject="S005", number="001", emotion=5, frames=11, facs=((6, 4), (12, 0))):
    name = f"{subject}_{number}"
    for frame in range(1, frames + 1):
        write_picture(folder / "cohn-kanade-images" / subject / number / f"{name}_{frame:08d}.png", frame)
        path = folder / "Landmarks" / subject / number / f"{name}_{frame:08d}_landmarks.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = landmarks((frame - 1) / (frames - 1), shift=frame)
        path.write_text("".join(f"   {x:.7e}   {y:.7e}\n" for x, y in rows))
    last = f"{name}_{frames:08d}"
    (folder / "cohn-kanade-images" / subject / number / ".DS_Store").write_bytes(b"\0")
    for kind in ("Emotion", "FACS"):
        (folder / kind / subject / number).mkdir(parents=True, exist_ok=True)
    if emotion is not None:
        (folder / "Emotion" / subject / number / f"{last}_emotion.txt").write_text(f"   {emotion:.7e}\n")
    rows = "".join(f"   {unit:.7e}   {intensity:.7e}\n" for unit, intensity in facs)
    (folder / "FACS" / subject / number / f"{last}_facs.txt").write_text(rows)


def read(folder, **options):
    return list(clips(CkPlus(folder, faces=FaceReading(WHOLE), **options)))


def test_a_sequence_goes_from_neutral_through_the_levels_to_the_apex(tmp_path):
    write_sequence(tmp_path)
    (clip,) = read(tmp_path)
    assert (clip.clip_id, clip.subject) == ("S005_001", "S005")
    assert clip.frames.shape == (11, 112, 112, 3) and clip.frame_s[-1] == pytest.approx(10 / 30)
    names = [CLASS_NAMES[label.class_index] for label in clip.labels]
    assert names == ["neutral", "happiness-low", "happiness-medium", "happiness-high"]
    assert clip.labels[0].start_s == 0 and clip.labels[-1].end_s > clip.frame_s[-1]


def test_components_grow_with_the_expression_and_an_unjudged_unit_is_medium(tmp_path):
    write_sequence(tmp_path)
    (clip,) = read(tmp_path)
    corner, eye = (clip.components[:, COMPONENTS.index(name)] for name in ("left_mouth_corner", "left_eye"))
    assert corner[0] == 0 and corner[-1] == pytest.approx(0.6) and eye[-1] == pytest.approx(-0.8)
    assert corner[5] == pytest.approx(0.3, abs=0.02) and not np.isnan(clip.components).any()


def test_a_moving_head_is_no_expression():
    still = np.stack([landmarks(smile, shift) for smile, shift in ((0, 0), (0, 30), (0.5, -10), (1, 5))])
    assert extents_of_landmarks(still) == pytest.approx([0, 0, 0.5, 1], abs=1e-3)


def test_contempt_and_unlabelled_sequences_keep_their_neutral_onset(tmp_path):
    write_sequence(tmp_path, number="001", emotion=2)
    write_sequence(tmp_path, number="002", emotion=None)
    left_out = LeftOut()
    labels = [[CLASS_NAMES[label.class_index] for label in clip.labels] for clip in read(tmp_path, left_out=left_out)]
    assert labels == [["neutral"], ["neutral"]] and left_out.without_class == {"contempt": 1}


def test_without_landmarks_the_extent_grows_with_time(tmp_path):
    write_sequence(tmp_path)
    for path in (tmp_path / "Landmarks").rglob("*.txt"):
        path.unlink()
    (clip,) = read(tmp_path)
    assert [CLASS_NAMES[label.class_index] for label in clip.labels][-1] == "happiness-high"


@pytest.mark.parametrize(
    ("kind", "ending", "text", "said"),
    [
        ("Emotion", "_emotion.txt", "   9.0\n", "line 1: expected an emotion from 0 to 7, found 9"),
        ("Emotion", "_emotion.txt", "joy\n", "line 1: expected a number, found joy"),
        ("FACS", "_facs.txt", "1 2\n12 7\n", "line 2: expected an action unit and its intensity 0 to 5, found 12 7"),
        ("Landmarks", "11_landmarks.txt", "1 2\n", "expected 68 rows of x and y, found 1 rows"),
    ],
)
def test_a_broken_file_is_named_or_skipped_and_listed(tmp_path, kind, ending, text, said):
    write_sequence(tmp_path)
    write_sequence(tmp_path, subject="S006")
    (path,) = (tmp_path / kind / "S005").rglob(f"*{ending}")
    path.write_text(text)
    with pytest.raises(BrokenFileError, match=said):
        read(tmp_path)
    left_out = LeftOut(skip_broken=True)
    assert [clip.subject for clip in read(tmp_path, left_out=left_out)] == ["S006"]
    assert str(path) in left_out.broken[0] and said.split("expected")[1] in left_out.broken[0]


def test_a_folder_that_is_not_ckplus_says_what_was_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected CK\\+ with a folder cohn-kanade-images"):
        read(tmp_path)
