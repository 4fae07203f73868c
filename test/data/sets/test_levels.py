import numpy as np
import pytest

from stf2m_ros.data.sets.levels import (
    class_of_extent,
    intervals_of_frames,
    named_label,
    of_unknown_level,
    shares_of_extents,
)
from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, NEUTRAL_INDEX


def named(shares):
    return {CLASS_NAMES[index]: pytest.approx(share) for index, share in enumerate(shares) if share > 1e-9}


@pytest.mark.parametrize(
    ("extent", "name"),
    [
        (0, "neutral"),
        (0.16, "neutral"),
        (1 / 3, "fear-low"),
        (0.6, "fear-medium"),
        (0.9, "fear-high"),
        (1, "fear-high"),
    ],
)
def test_an_extent_is_its_nearest_level(extent, name):
    assert CLASS_NAMES[class_of_extent("fear", extent)] == name


def test_several_emotions_share_by_their_extents_and_split_between_levels():
    extents = [0.0] * 6
    extents[EMOTIONS.index("happiness")], extents[EMOTIONS.index("anger")] = 2 / 3, 1 / 6
    shares = shares_of_extents(extents)
    assert named(shares) == {"happiness-medium": 0.8, "anger-low": 0.1, "neutral": 0.1}


def test_shares_keep_an_emotions_own_extent():
    shares = np.array(shares_of_extents([0.5, 0, 0, 0, 0, 0]))
    assert shares[:3] @ [1 / 3, 2 / 3, 1] == pytest.approx(0.5)


def test_nothing_is_neutral():
    assert named(shares_of_extents([0] * 6)) == {"neutral": 1}


def test_an_unknown_level_is_shared_and_neutral_is_certain():
    label = of_unknown_level(["sadness"], 0, 1)
    assert CLASS_NAMES[label.class_index] == "sadness-medium"
    assert named(label.shares) == {f"sadness-{level}": 1 / 3 for level in ("low", "medium", "high")}
    assert of_unknown_level(["neutral"], 0, 1).shares == ()


def test_names_are_classes_or_emotions_and_nothing_else():
    assert named_label("anger-high", 0, 1).shares == ()
    assert named_label("anger", 0, 1).shares != ()
    assert named_label("contempt", 0, 1) is None


def test_frames_become_labels_that_meet_half_way():
    classes = np.array([NEUTRAL_INDEX, NEUTRAL_INDEX, 4, 4, -1, 4])
    labels = intervals_of_frames(classes, np.arange(6) / 10, 0.1)
    assert [(label.class_index, round(label.start_s, 3), round(label.end_s, 3)) for label in labels] == [
        (NEUTRAL_INDEX, 0.0, 0.15),
        (4, 0.15, 0.35),
        (4, 0.45, 0.55),
    ]


def test_a_gap_between_frames_parts_a_label():
    labels = intervals_of_frames(np.array([3, 3, 3]), np.array([0.0, 0.1, 2.0]), 0.1)
    assert [(round(label.start_s, 2), round(label.end_s, 2)) for label in labels] == [(0, 0.15), (1.95, 2.05)]
    assert intervals_of_frames(np.array([]), np.array([]), 0.1) == ()
