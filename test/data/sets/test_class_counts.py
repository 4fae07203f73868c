import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval
from stf2m_ros.data.sets.class_counts import count_classes


def clip(subject, *classes):
    labels = tuple(LabelInterval(index, place, place + 1) for place, index in enumerate(classes))
    return Clip("c", subject, None, np.empty(0), (), labels, None)


def test_a_clip_counts_once_for_each_class_and_each_label_for_itself():
    counts = count_classes([clip("a", 0, 18, 0), clip("a", 18), clip("b")])
    assert counts.clips == {"happiness-low": 1, "neutral": 2} and counts.labels["happiness-low"] == 2
    assert counts.lines() == [
        "happiness-low            1 clips        2 labels",
        "neutral                  2 clips        2 labels",
        "3 clips of 2 subjects, 1 without a label",
    ]
