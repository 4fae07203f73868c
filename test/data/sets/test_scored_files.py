import numpy as np
import pytest

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.scored_files import read_states
from stf2m_ros.fuzzy.components import COMPONENTS


def write(path, text):
    path.write_text(text)
    return path


def test_units_are_found_by_their_names_however_they_are_written(tmp_path):
    path = write(tmp_path / "u.csv", "time_s,AU1,au04,AU12_r,AU12_c,gaze\n0,5,0,2.5,1,9\n0.1,0,5,0,0,9\n")
    states = read_states(path, None, lambda: 30.0)
    assert set(states.action_units) == {1, 4, 12} and states.time_s.tolist() == [0, 0.1]
    assert states.states[:, COMPONENTS.index("left_eyebrow")].tolist() == [1, -1]
    assert states.states[0, COMPONENTS.index("left_mouth_corner")] == 0.5


def test_frames_are_counted_from_one_and_those_without_a_face_are_undetermined(tmp_path):
    path = write(tmp_path / "u.csv", "frame,success,AU12_r\n1,1,5\n2,0,0\n")
    states = read_states(path, None, lambda: 20.0)
    assert states.time_s.tolist() == [0, 0.05]
    assert np.isnan(states.states[1]).all() and not np.isnan(states.states[0]).all()
    later = states.between(0.04, 1)
    assert later.time_s == pytest.approx([0.01]) and len(later.states) == len(later.action_units[12]) == 1


def test_rows_out_of_order_are_put_into_that_of_time(tmp_path):
    path = write(tmp_path / "u.csv", "time_s,AU12\n2,5\n0,0\n1,2.5\n")
    states = read_states(path, None, lambda: 30.0).between(0, 10)
    assert states.time_s.tolist() == [0, 1, 2]
    assert states.action_units[12].tolist() == [0, 2.5, 5]
    assert states.states[:, COMPONENTS.index("left_mouth_corner")].tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time_s,smile\n0,1\n", "line 1: expected a column AU1, AU12, ..., found time_s, smile"),
        ("AU1,AU2\n0,1\n", "line 1: expected a column time_s, timestamp, frame, found AU1, AU2"),
        ("time_s,AU1\n0,1\n1,7\n", "line 3: expected action units scored 0 to 5, found AU1 7"),
        ("time_s,AU1\n0,x\n", "line 2: expected 2 numbers, found 0 x"),
        ("time_s,AU1\n", "expected rows of numbers below a header, found none"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, text, said):
    with pytest.raises(BrokenFileError, match=f"u.csv.*{said}"):
        read_states(write(tmp_path / "u.csv", text), None, lambda: 30.0)


def test_landmarks_need_all_their_columns(tmp_path):
    with pytest.raises(BrokenFileError, match=r"line 1: expected columns x0, y0 \.\.\. x97, y97, found no y0"):
        read_states(None, write(tmp_path / "p.csv", "time_s,x0\n0,1\n"), lambda: 30.0)
