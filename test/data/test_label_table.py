import csv

import numpy as np
import pytest
from set_fixtures import facs_labelling, unit_scores

from stf2m_ros.data.label_table import COLUMNS, LabelledRows, place_texts, write_labels
from stf2m_ros.data.rule_labels import label_action_units, label_states
from stf2m_ros.data.sets.disfa import UNITS


def batch(clip="a", pictures=("x.png", "y.png")):
    labels = label_action_units(unit_scores({}, {12: 4}), UNITS, facs_labelling())
    return LabelledRows(clip, place_texts(pictures, (0, 1), (0.0, 0.05)), labels, np.array([0.0, 0.05]))


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_each_row_tells_its_label_the_rule_and_the_condition(tmp_path):
    assert write_labels(tmp_path / "out" / "t.csv", [batch()], facs_labelling()) == 2
    still, smile = read(tmp_path / "out" / "t.csv")
    assert tuple(still) == COLUMNS
    assert (still["label"], still["intensity"], still["rule"], still["extent"]) == ("neutral", "", "neutral", "")
    assert (smile["clip"], smile["picture"], smile["frame"], smile["time_s"]) == ("a", "y.png", "1", "0.05")
    assert (smile["label"], smile["emotion"], smile["intensity"]) == ("happiness-medium", "happiness", "medium")
    assert smile["rule"] == "smile" and float(smile["match"]) > 0.9
    assert smile["condition"] == "left mouth corner raised, right mouth corner raised; not known: nostril"


def test_commas_and_quotes_in_names_do_not_shift_the_columns(tmp_path):
    write_labels(tmp_path / "t.csv", [batch('Anna, "A"', ("a,b.png", 'c"d.png'))], facs_labelling())
    assert [(row["clip"], row["picture"], row["frame"]) for row in read(tmp_path / "t.csv")] == [
        ('Anna, "A"', "a,b.png", "0"),
        ('Anna, "A"', 'c"d.png', "1"),
    ]


def test_a_face_without_a_label_stands_there_as_unknown(tmp_path):
    labels = label_states(np.full((1, 12), np.nan, np.float32), facs_labelling())
    rows = LabelledRows("a", place_texts([""], (7,), ()), labels, np.array([np.nan]))
    write_labels(tmp_path / "t.csv", [rows], facs_labelling())
    (row,) = read(tmp_path / "t.csv")
    assert (row["label"], row["rule"], row["condition"], row["time_s"]) == ("unknown", "", "nothing known", "")


def test_a_reading_that_breaks_off_leaves_the_old_table_as_it_was(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")

    def broken():
        yield batch()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        write_labels(path, broken(), facs_labelling())
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
