import cv2
import numpy as np
from set_fixtures import facs_labelling, unit_scores

from stf2m_ros.data.label_table import LabelledRows, place_texts
from stf2m_ros.data.rule_labels import label_action_units, label_states
from stf2m_ros.data.sets.disfa import UNITS
from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.evaluation.label_summary import LabelSummary, draw_label_summary


def rows(clip, scores, time_s):
    labels = label_action_units(unit_scores(*scores), UNITS, facs_labelling())
    places = place_texts([""] * len(scores), range(len(scores)), ())
    return LabelledRows(clip, places, labels, np.asarray(time_s, float))


def test_rows_alike_count_as_often_as_they_occur():
    summary = LabelSummary(facs_labelling().rules.names)
    summary.add(rows("a", [{}] * 7 + [{12: 5}] * 3, np.arange(10) / 20))
    counts = dict(zip(CLASS_NAMES, summary.classes.tolist()))
    assert (summary.rows, counts["neutral"], counts["happiness-high"]) == (10, 7, 3)
    assert summary.rules.sum() == 10
    assert summary.lines() == [
        "happiness-high           3 rows   30.0 %",
        "neutral                  7 rows   70.0 %",
    ]
    assert summary.clips["a"][0] == 6 and summary.clips["a"][-1] == 0


def test_faces_without_a_label_are_told_and_the_picture_is_drawn(tmp_path):
    summary = LabelSummary(facs_labelling().rules.names)
    labels = label_states(np.full((2, 12), np.nan, np.float32), facs_labelling())
    summary.add(LabelledRows("a", ("", ""), labels, np.full(2, np.nan)))
    assert summary.lines() == ["no rule fired            2 rows"] and not summary.clips
    draw_label_summary(summary, "nothing", tmp_path / "a.png")
    summary.add(rows("b", [{4: 5}, {12: 5}], [0.0, 0.1]))
    draw_label_summary(summary, "something", tmp_path / "b.png")
    small, large = (cv2.imread(str(tmp_path / name)) for name in ("a.png", "b.png"))
    assert large.shape[0] > small.shape[0] > 500 and large.std() > 10
