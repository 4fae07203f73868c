from pathlib import Path

import pytest
import torch

from stf2m_ros.baselines.weighed_labels import (
    evidence_of_states,
    of_classes,
    weighed_labels,
)
from stf2m_ros.emotions import EMOTIONS, class_index
from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.meta.losses import SegmentTargets
from stf2m_ros.meta.window_training import FuzzyInputs
from stf2m_ros.net.fuzzy_layer import RuleTensors

HAPPINESS, SADNESS = EMOTIONS.index("happiness"), EMOTIONS.index("sadness")


def state(**components):
    return torch.tensor([components.get(name, 0.0) for name in COMPONENTS])


SMILE = state(left_mouth_corner=1.0, right_mouth_corner=1.0)
TABLE = load_rule_base(Path(__file__).parents[2] / "config/rules/facs.yaml").table(64)
FUZZY = FuzzyInputs(RuleTensors.from_table(TABLE), torch.tensor([0.4, 0.4]))


def targets(*labels):
    index = torch.tensor([labels])
    shares = torch.nn.functional.one_hot(index, 19).float()
    unknown = torch.full((1, len(labels), 12), float("nan"))
    return SegmentTargets(index, unknown, unknown, shares)


def test_a_smile_speaks_for_happiness():
    evidence = evidence_of_states(SMILE, FUZZY)
    assert evidence.argmax() == HAPPINESS
    assert evidence[HAPPINESS] > 1.0
    assert float(evidence.mean()) == pytest.approx(0.0, abs=1e-6)


def test_the_harder_a_rule_fires_the_more_it_is_believed():
    faint, plain, full = (evidence_of_states(SMILE * strength, FUZZY)[HAPPINESS] for strength in (0.2, 0.5, 1.0))
    assert 0 < faint < plain < full


def test_a_label_that_the_face_contradicts_counts_for_less_and_its_level_stays():
    right, wrong = class_index("happiness", "high"), class_index("sadness", "high")
    evidence = evidence_of_states(torch.stack([SMILE, SMILE])[None], FUZZY)
    found = weighed_labels(targets(right, wrong), evidence, reliability=0.7).shares[0]
    assert found[0, right] > 0.9
    assert found[1, wrong] < 0.7
    assert found[1, right] > 0.25
    assert found.sum(-1).tolist() == pytest.approx([1.0, 1.0])
    assert float(found[1, 2::3].sum()) == pytest.approx(1.0)  # all of it at the level that was given


def test_the_more_labels_are_believed_the_less_a_contradiction_counts():
    wrong = class_index("sadness", "high")
    evidence = evidence_of_states(SMILE[None, None], FUZZY)
    kept = [float(weighed_labels(targets(wrong), evidence, trust).shares[0, 0, wrong]) for trust in (0.5, 0.7, 0.97)]
    assert kept == sorted(kept)
    assert kept[-1] > 2 * kept[0]


def test_a_neutral_label_is_left_alone():
    evidence = evidence_of_states(SMILE[None, None], FUZZY)
    assert weighed_labels(targets(18), evidence, 0.7).shares[0, 0, 18] == 1.0


@pytest.mark.parametrize("silent", [torch.zeros(12), torch.full((12,), float("nan"))])
def test_where_no_rule_fires_label_and_answer_stay(silent):
    evidence = evidence_of_states(silent[None, None], FUZZY)
    given = targets(3 * SADNESS)
    assert torch.equal(weighed_labels(given, evidence, 0.7).shares, given.shares)
    assert not of_classes(evidence).any()


def test_without_rules_of_emotions_there_is_no_second_witness():
    rules = FUZZY.rules._replace(emotion=torch.zeros_like(FUZZY.rules.emotion))
    assert not evidence_of_states(SMILE, FuzzyInputs(RuleTensors(*rules), FUZZY.ranges)).any()
