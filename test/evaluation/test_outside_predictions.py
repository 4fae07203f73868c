import numpy as np
import pytest

from stf2m_ros.emotions import CLASS_NAMES, NUM_CLASSES
from stf2m_ros.evaluation.outside_predictions import read_predictions
from stf2m_ros.evaluation.scores.scored import Scored

CLIPS = np.array(["clip1", "clip1", "clip2"])
ROWS = Scored(CLIPS, CLIPS, np.array([0, 3, 4]), np.zeros((3, NUM_CLASSES)), start_s=np.array([0.0, 0.5, 0.0]))


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_answers_go_to_their_segment_and_what_is_left_out_is_silence(tmp_path):
    path = write(tmp_path / "model.csv", "clip,start_s,class", "clip1,0.5,anger-low")
    name, found = read_predictions(path, ROWS)
    assert name == "model"
    assert found.probabilities.any(1).tolist() == [False, True, False]
    assert CLASS_NAMES[found.probabilities[1].argmax()] == "anger-low"


def test_an_answer_without_a_time_is_for_the_whole_clip(tmp_path):
    _, found = read_predictions(write(tmp_path / "m.csv", "clip,class", "clip1,fear"), ROWS)
    assert np.allclose(found.probabilities[:2, 12:15], 1 / 3)


def test_models_of_one_modality_are_bagged(tmp_path):
    face = write(tmp_path / "face.csv", "clip,happiness,anger", "clip1,0.8,0.2", "clip2,1,0")
    text = write(tmp_path / "text.csv", "clip,happiness,anger", "clip1,0.1,0.9")
    name, found = read_predictions(f"{face}+{text}", ROWS)
    assert name == "face + text"
    assert found.probabilities[0, :3].sum() == pytest.approx(0.45)
    assert found.probabilities[2, :3].sum() == pytest.approx(1.0)


def test_a_table_that_is_none_is_told_with_its_line(tmp_path):
    with pytest.raises(ValueError, match=r"line 2: expected a class such as .* found 'joy'"):
        read_predictions(write(tmp_path / "m.csv", "clip,class", "clip1,joy"), ROWS)
    with pytest.raises(ValueError, match="expected a table with a column clip"):
        read_predictions(write(tmp_path / "n.csv", "video,class", "clip1,fear"), ROWS)
    with pytest.raises(ValueError, match="found none of them"):
        read_predictions(write(tmp_path / "o.csv", "clip,class", "clip7,fear"), ROWS)
