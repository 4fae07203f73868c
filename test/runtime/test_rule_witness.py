import numpy as np
import pytest

from stf2m_ros.emotions import class_index
from stf2m_ros.runtime.rule_witness import weighed_by_rules

ANGER, FEAR, SURPRISE = (class_index(name, "low") for name in ("anger", "fear", "surprise"))


def said(**shares: float) -> np.ndarray:
    """(1, 19): an emotion's share lies on its high level by three quarters and on its medium one by the rest."""
    row = np.full(19, 1e-4, np.float32)
    for name, share in shares.items():
        if name == "neutral":
            row[18] = share
        else:
            row[class_index(name, "high")], row[class_index(name, "medium")] = 0.75 * share, 0.25 * share
    return (row / row.sum())[None]


def member(**values: float) -> np.ndarray:
    row = np.zeros(18, np.float32)
    for name, value in values.items():
        row[class_index(name, "medium")] = value
    return row[None]


def of(probabilities: np.ndarray, first: int) -> float:
    return float(probabilities[0, first : first + 3].sum())


def test_where_the_network_wavers_the_rules_decide() -> None:
    unsure = said(fear=0.5, surprise=0.45)
    heard = weighed_by_rules(unsure, member(surprise=0.6), 0.4)
    assert of(unsure, FEAR) > of(unsure, SURPRISE)
    assert of(heard, SURPRISE) > of(heard, FEAR)


def test_where_the_network_is_sure_it_keeps_its_word_and_believes_it_less() -> None:
    sure = said(fear=0.97)
    heard = weighed_by_rules(sure, member(surprise=0.6), 0.4)
    assert of(sure, FEAR) > of(heard, FEAR) > of(heard, SURPRISE) > of(sure, SURPRISE)


def test_neutral_and_the_shares_of_the_levels_stay() -> None:
    before = said(fear=0.4, surprise=0.3, neutral=0.3)
    after = weighed_by_rules(before, member(surprise=0.9), 0.4)
    assert after.sum() == pytest.approx(1.0, abs=1e-6)
    assert after[0, 18] == before[0, 18]
    assert after[0, FEAR + 2] / after[0, FEAR + 1] == pytest.approx(3.0, rel=1e-4)
    assert after[0, SURPRISE + 2] / after[0, SURPRISE + 1] == pytest.approx(3.0, rel=1e-4)


def test_the_larger_the_rules_share_the_more_they_move() -> None:
    unsure = said(fear=0.6, anger=0.3)
    moved = [of(weighed_by_rules(unsure, member(anger=0.5), share), ANGER) for share in (0.0, 0.2, 0.4, 0.8)]
    assert moved == sorted(moved) and moved[0] < moved[-1]
    assert moved[0] == pytest.approx(of(unsure, ANGER), abs=1e-6)


@pytest.mark.parametrize("silent", [np.zeros((1, 18), np.float32), np.full((1, 18), 0.05, np.float32)])
def test_where_no_rule_fires_all_stays(silent: np.ndarray) -> None:
    before = said(fear=0.5, surprise=0.3)
    np.testing.assert_allclose(weighed_by_rules(before, silent, 0.4), before, rtol=1e-5)


def test_certainty_to_the_last_bit_and_nothing_at_all_are_survived() -> None:
    certain, nothing = np.zeros((2, 1, 19), np.float32)
    certain[0, FEAR] = 1
    both = weighed_by_rules(np.concatenate([certain, nothing]), np.repeat(member(anger=1.0), 2, axis=0), 0.4)
    assert np.isfinite(both).all()
    assert both[0].sum() == pytest.approx(1.0, abs=1e-6) and both[0].argmax() == FEAR
    assert both[1].sum() == pytest.approx(0.0, abs=1e-6)
    assert both.dtype == np.float32
