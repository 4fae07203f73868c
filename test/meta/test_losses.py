import numpy as np
import pytest
import torch

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.meta.losses import LossSettings, SegmentLoss, SegmentTargets
from stf2m_ros.net.stf2m import HeadOutputs

NOTHING = torch.nan


def losses(known, read, found=0.5, **settings):
    """Two segments, all of whose components are said to be `found`; known and read: one value a segment."""
    components, read_states = (torch.tensor(values)[None, :, None].expand(1, 2, 12) for values in (known, read))
    targets = SegmentTargets(torch.full((1, 2), UNLABELLED), components, read_states, torch.zeros(1, 2, 19))
    states = torch.full((1, 2, 12), found, requires_grad=True)
    out = HeadOutputs(torch.zeros(1, 2, 19), torch.zeros(1, 2, 19), states, torch.zeros(1, 2, 4), torch.zeros(1, 2, 4))
    return SegmentLoss(LossSettings(**settings), np.ones(19))(out, targets), states


def test_a_known_component_counts_and_what_was_read_of_it_does_not():
    found, _ = losses(known=[0.0, 0.0], read=[1.0, 1.0], component_weight=2.0)
    assert found["components"].item() == pytest.approx(2.0 * 0.25)
    assert found["distillation"].item() == 0


def test_an_unknown_component_is_held_to_what_the_read_out_saw():
    found, _ = losses(known=[0.5, NOTHING], read=[1.0, 0.3], distillation_weight=10.0)
    assert found["components"].item() == 0
    assert found["distillation"].item() == pytest.approx(10.0 * 0.04)


def test_a_segment_of_which_nothing_is_known_or_seen_moves_nothing():
    found, states = losses(known=[NOTHING, NOTHING], read=[NOTHING, NOTHING])
    total = torch.stack(list(found.values())).sum()
    total.backward()
    assert total.item() == 0
    assert torch.equal(states.grad, torch.zeros_like(states))


def class_loss(logits, class_index, shares, **settings):
    """Of segments with these labels; three classes are three times as frequent as the others."""
    counts = np.where(np.arange(19) < 3, 3.0, 1.0)
    return SegmentLoss(LossSettings(**settings), counts).cross_entropy(logits, torch.tensor(class_index), shares)


def test_a_label_of_one_class_counts_as_the_usual_cross_entropy():
    logits, labels = torch.randn(4, 19, generator=torch.Generator().manual_seed(0)), [0, 2, 18, UNLABELLED]
    weight = torch.tensor([3.0] * 3 + [1.0] * 16) ** -0.5
    expected = torch.nn.functional.cross_entropy(logits[:3], torch.tensor(labels[:3]), weight, label_smoothing=0.0)
    found = class_loss(logits, labels, torch.eye(19)[[0, 2, 18, 0]], label_smoothing=0.0, balance=0.5)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_shared_label_is_met_by_its_shares():
    shares = torch.zeros(1, 19)
    shares[0, [3, 4]] = torch.tensor([0.75, 0.25])
    settings = {"label_smoothing": 0.0, "balance": 0.0}
    met, of_one_class = (shares + 1e-9).log(), (torch.eye(19)[[3]] + 1e-9).log()
    assert class_loss(met, [3], shares, **settings) < class_loss(of_one_class, [3], shares, **settings)
    assert class_loss(met, [3], shares, **settings).item() == pytest.approx(
        -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    )
