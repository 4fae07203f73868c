"""The facs rules on real action units: 43,186 frames that people scored."""

from pathlib import Path

import numpy as np
import pytest

from stf2m_ros.emotions import EMOTIONS, NEUTRAL_INDEX
from stf2m_ros.fuzzy.components import states_from_action_units
from stf2m_ros.fuzzy.inference import infer, strongest_class
from stf2m_ros.fuzzy.rule_base import load_rule_base

RULES = Path(__file__).parents[2] / "config" / "rules"
LABELS = Path(__file__).parents[3] / "shared" / "data" / "disfa" / "DISFA_test_label_fold1.txt"
UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)

pytestmark = pytest.mark.skipif(not LABELS.is_file(), reason=f"real DISFA action units are not at hand ({LABELS})")


@pytest.fixture(scope="module")
def units():
    return dict(zip(UNITS, np.loadtxt(LABELS, dtype=np.float32).T))


def label(units, rules):
    return strongest_class(
        infer(states_from_action_units(units), load_rule_base(RULES / rules).table(None)).memberships
    )


@pytest.fixture(scope="module")
def classes(units):
    return label(units, "facs.yaml")


def share_of(emotion, classes):
    return (classes // 3 == EMOTIONS.index(emotion)).mean()


def test_every_face_without_action_units_is_neutral(units, classes):
    still = np.sum(list(units.values()), axis=0) == 0
    assert still.sum() > 10_000 and (classes[still] == NEUTRAL_INDEX).all()


def test_strong_smiles_without_a_frown_are_happiness(units, classes):
    assert share_of("happiness", classes[(units[12] >= 3) & (units[4] == 0)]) >= 0.95


def test_strongly_wrinkled_noses_are_disgust(units, classes):
    assert share_of("disgust", classes[units[9] >= 3]) >= 0.9


def test_lowered_brows_alone_are_anger_and_raised_ones_surprise(units, classes):
    nothing_else = (units[9] == 0) & (units[12] == 0) & (units[15] == 0)
    assert share_of("anger", classes[(units[4] >= 3) & (units[1] + units[2] == 0) & nothing_else]) >= 0.9
    assert share_of("surprise", classes[(np.minimum(units[1], units[2]) >= 3) & (units[4] == 0) & nothing_else]) >= 0.9


def test_every_frame_gets_a_class(classes):
    assert (classes >= 0).all()


def test_the_papers_own_codes_miss_most_smiles(units):
    """Why facs is the default: measured, not believed."""
    smiles = {unit: scores[(units[12] >= 3) & (units[4] == 0)] for unit, scores in units.items()}
    assert share_of("happiness", label(smiles, "paper.yaml")) < 0.1
