import numpy as np
import pytest

from stf2m_ros.fuzzy.inference import LEAST_VALUE
from stf2m_ros.fuzzy.rule_evidence import DOUBT, believed, rule_evidence


def fired(strength: float, emotion: int = 2) -> np.ndarray:
    row = np.zeros(6, np.float32)
    row[emotion] = strength
    return row


def test_what_fires_is_spoken_for_and_the_rest_against() -> None:
    evidence = rule_evidence(np.stack([fired(0.6, 2), fired(0.6, 4)]))
    assert evidence.shape == (2, 6)
    assert evidence.argmax(-1).tolist() == [2, 4]
    assert evidence[0, 2] > 0 > evidence[0, 0]
    assert evidence.mean(-1) == pytest.approx([0, 0], abs=1e-6)


def test_the_harder_a_rule_fires_the_more_it_is_believed_and_never_wholly() -> None:
    strengths = [rule_evidence(fired(strength))[2] for strength in (0.1, 0.3, 0.6, 1.0)]
    assert strengths == sorted(strengths) and strengths[0] > 0
    certain = np.exp(rule_evidence(fired(1e6)))
    assert certain[2] / certain.sum() < 1 - DOUBT / 2


@pytest.mark.parametrize("strength", [0.0, LEAST_VALUE])
def test_rules_that_hardly_fire_say_nothing(strength: float) -> None:
    assert not rule_evidence(fired(strength)).any()


def test_belief_is_a_probability() -> None:
    said = believed(np.random.RandomState(0).rand(50, 6), 2.5)
    assert (said > 0).all()
    assert said.sum(-1) == pytest.approx(np.ones(50))
