import numpy as np
import pytest
from set_fixtures import facs_labelling, unit_scores

from stf2m_ros.data.rule_labels import condition_texts, label_action_units, label_states
from stf2m_ros.data.sets.disfa import UNITS
from stf2m_ros.emotions import CLASS_NAMES, NEUTRAL_INDEX
from stf2m_ros.fuzzy.components import states_from_action_units
from stf2m_ros.fuzzy.inference import infer, strongest_class

SCORES = np.random.default_rng(0).integers(0, 6, (500, len(UNITS))).astype(np.float32)


def test_judging_each_kind_once_says_what_judging_each_row_says():
    how = facs_labelling()
    scores = np.concatenate([SCORES, SCORES[::-1], np.zeros((50, len(UNITS)), np.float32)])
    labels = label_action_units(scores, UNITS, how)
    each = infer(states_from_action_units(dict(zip(UNITS, scores.T))), how.rules)
    assert (labels.classes == strongest_class(each.memberships)).all()
    assert np.allclose(labels.memberships[labels.kind], each.memberships, atol=1e-6)
    assert len(labels.class_index) < len(labels) == len(scores)


def test_scores_between_the_whole_ones_are_judged_row_by_row():
    labels = label_action_units(SCORES[:20] * 0.5 + 0.1, UNITS, facs_labelling())
    assert len(labels.class_index) == 20


def test_a_unit_that_was_not_scored_is_no_zero():
    scores = unit_scores({12: 4}, {12: 4, 9: np.nan})
    labels = label_action_units(scores, UNITS, facs_labelling())
    assert np.isnan(labels.states[labels.kind]).sum(axis=1).tolist() == [1, 2]  # nostril; nostril and nose


def test_the_rule_behind_a_label_is_the_one_that_gives_its_value():
    how = facs_labelling()
    labels = label_action_units(SCORES, UNITS, how)
    names = np.array(how.rules.names)[labels.rule]
    emotion_of_rule = how.rules.emotion[labels.rule].argmax(axis=1)
    emotion = np.where(labels.class_index == NEUTRAL_INDEX, 6, labels.class_index // 3)
    spoke = labels.class_index >= 0
    assert (emotion_of_rule == emotion)[spoke].all() and len(set(names[spoke])) > 5
    smile = label_action_units(unit_scores({12: 5}), UNITS, how)
    assert CLASS_NAMES[smile.class_index[0]] == "happiness-high" and how.rules.names[smile.rule[0]] == "smile"
    assert smile.extent[0] == pytest.approx(1, abs=1e-3) and smile.firing[0] > 0.99


def test_a_face_that_no_rule_knows_has_no_label():
    labels = label_states(np.full((2, 12), np.nan, np.float32), facs_labelling())
    assert labels.classes.tolist() == [-1, -1] and labels.value.tolist() == [0, 0] and labels.rule.tolist() == [-1, -1]


def test_a_condition_tells_what_moved_and_what_is_not_known():
    states = np.zeros((3, 12), np.float32)
    states[1, [7, 10, 11]] = (1, 0.9, 0.8)
    states[1, 6] = np.nan
    states[2] = np.nan
    assert condition_texts(states, 0.4) == (
        "all normal",
        "mouth open, left mouth corner raised, right mouth corner raised; not known: nostril",
        "nothing known",
    )
