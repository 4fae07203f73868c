from pathlib import Path

import numpy as np
import pytest
import torch

from stf2m_ros.fuzzy.inference import infer
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.net.fuzzy_layer import FUZZY_FEATURES, RuleTensors, fuzzy_features, fuzzy_signals

RULES = Path(__file__).parents[2] / "config" / "rules"


def random_states(count: int) -> np.ndarray:
    states = np.random.default_rng(3).uniform(-1, 1, (count, 12)).astype(np.float32)
    states[:10] = 0  # neutral faces too
    return states


@pytest.mark.parametrize("name", ["facs", "paper"])
@pytest.mark.parametrize("ranges", [(0.4, 0.4), (0.9, 0.25)])
def test_the_layer_says_what_the_numpy_core_says(name, ranges):
    table = load_rule_base(RULES / f"{name}.yaml").table()
    states = random_states(400)
    expected = infer(states, table, *ranges)
    found = fuzzy_signals(torch.from_numpy(states), RuleTensors.from_table(table), torch.tensor(ranges))
    np.testing.assert_allclose(found.memberships.numpy(), expected.memberships, atol=2e-6)
    np.testing.assert_allclose(found.strengths.numpy(), expected.strengths, atol=2e-6)
    np.testing.assert_allclose(found.semantics.numpy(), expected.semantics, atol=1e-5)


def test_gradients_are_finite_on_a_face_that_matches_a_rule_exactly_and_far_from_every_rule():
    table = load_rule_base(RULES / "facs.yaml").table()
    states = torch.from_numpy(np.stack([table.codes[0], np.ones(12, np.float32), -np.ones(12, np.float32)]))
    states.requires_grad_()
    signals = fuzzy_signals(states, RuleTensors.from_table(table), torch.tensor([0.4, 0.4]), smooth=True)
    features = fuzzy_features(signals)
    assert features.shape == (3, FUZZY_FEATURES)
    features.sum().backward()
    assert torch.isfinite(states.grad).all()
    assert states.grad[1].abs().sum() > 0


def test_sharing_the_gradient_hardly_changes_the_values():
    table = RuleTensors.from_table(load_rule_base(RULES / "facs.yaml").table())
    states, ranges = torch.from_numpy(random_states(200)), torch.tensor([0.4, 0.4])
    hard = fuzzy_signals(states, table, ranges).log_memberships
    shared = fuzzy_signals(states, table, ranges, smooth=True).log_memberships
    assert ((shared - hard) >= -1e-4).all()
    assert ((shared - hard) < 0.42).all()  # 0.1 * log(64)
