import numpy as np
import pytest

from stf2m_ros.fuzzy.components import (
    COMPONENT_TABLE,
    COMPONENTS,
    linguistic_condition,
    states_from_action_units,
    term_memberships,
)

ALL_UNITS = sorted({unit for component in COMPONENT_TABLE for unit in (*component.up, *component.down)})


def states_of(**scores):
    """States of one face whose other action units were scored 0: states_of(AU12=3)."""
    return states_from_action_units({unit: np.array([scores.get(f"AU{unit}", 0)]) for unit in ALL_UNITS})[0]


def state_of(component, **scores):
    return states_of(**scores)[COMPONENTS.index(component)]


def test_the_twelve_components_stand_in_the_papers_order():
    assert COMPONENTS == (
        "left_eyebrow",
        "right_eyebrow",
        "brow_crest",
        "left_eye",
        "right_eye",
        "nose",
        "nostril",
        "mouth",
        "upper_lip",
        "lower_lip",
        "left_mouth_corner",
        "right_mouth_corner",
    )


@pytest.mark.parametrize(
    "component, scores, expected",
    [
        ("left_eyebrow", {"AU1": 2, "AU2": 5}, 1.0),  # the stronger of the two counts
        ("right_eyebrow", {"AU1": 5, "AU4": 5}, 0.0),
        ("right_eyebrow", {"AU4": 3}, -0.6),
        ("brow_crest", {"AU4": 3}, 0.6),
        ("left_eye", {"AU5": 5}, 1.0),
        ("right_eye", {"AU6": 2, "AU7": 4}, -0.8),
        ("nose", {"AU9": 4}, 0.8),
        ("nostril", {"AU38": 1}, 0.2),
        ("mouth", {"AU25": 5}, 0.5),  # parted lips are half an open mouth
        ("mouth", {"AU25": 4, "AU26": 3}, 0.6),
        ("mouth", {"AU27": 5}, 1.0),
        ("upper_lip", {"AU10": 5}, 1.0),
        ("upper_lip", {"AU24": 5}, -1.0),
        ("lower_lip", {"AU17": 3, "AU28": 1}, 0.4),
        ("lower_lip", {"AU20": 5, "AU23": 5}, -1.0),
        ("left_mouth_corner", {"AU12": 3}, 0.6),
        ("right_mouth_corner", {"AU15": 3}, -0.6),
    ],
)
def test_action_units_set_component_states(component, scores, expected):
    assert state_of(component, **scores) == pytest.approx(expected)


def test_a_face_without_action_units_is_normal_throughout():
    assert not states_of().any()


def test_a_component_of_which_nothing_was_scored_is_undetermined():
    states = states_from_action_units({12: np.array([5.0])})[0]
    determined = [name for name, state in zip(COMPONENTS, states) if not np.isnan(state)]
    assert determined == ["left_mouth_corner", "right_mouth_corner"]


def test_a_row_whose_scores_are_missing_is_undetermined_and_its_neighbours_are_not():
    states = states_from_action_units({12: np.array([np.nan, 5.0]), 15: np.array([np.nan, np.nan])})
    assert np.isnan(states[0, 10]) and states[1, 10] == 1.0


def test_action_units_that_no_component_uses_are_ignored():
    np.testing.assert_array_equal(
        states_from_action_units({12: np.array([3]), 45: np.array([5])}), states_from_action_units({12: np.array([3])})
    )


@pytest.mark.parametrize(
    "scores, told",
    [
        ({12: np.array([9.0])}, "AU12: expected scores 0 to 5 or NaN, found 9 to 9"),
        ({12: np.array([-1.0, 2.0])}, "AU12: expected scores 0 to 5 or NaN, found -1 to 2"),
        ({12: np.zeros(2), 15: np.zeros(3)}, "one number of rows for all, found {12: 2, 15: 3}"),
        ({}, "found no action unit"),
        ({12: np.zeros((2, 2))}, r"AU12: expected scores of shape (S,), found (2, 2)"),
    ],
)
def test_scores_that_cannot_be_are_refused(scores, told):
    with pytest.raises(ValueError) as error:
        states_from_action_units(scores)
    assert told in str(error.value)


def test_the_linguistic_condition_tells_the_strongest_term_over_time():
    states = np.zeros((3, 12), np.float32)
    states[1:, COMPONENTS.index("mouth")] = 0.8, 1.0
    states[:, COMPONENTS.index("nose")] = np.nan
    states[1, COMPONENTS.index("left_eye")] = np.nan
    condition = linguistic_condition(states, 0.4)
    assert condition["mouth"] == ("normal", "open", "open")
    assert condition["left_eye"] == ("normal", "undetermined", "normal")
    assert set(condition["nose"]) == {"undetermined"}


def test_a_state_belongs_fully_to_the_term_it_lies_on():
    by_term = term_memberships(np.array([-1.0]), "left_eyebrow", 0.4)
    assert by_term["low"] == 1.0 and by_term["normal"] < 0.01 and by_term["raised"] < 0.01
