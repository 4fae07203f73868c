from pathlib import Path

import pytest
import torch

from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.region_graph import PARTS
from stf2m_ros.net.stf2m import HeadInputs, WindowHead, WindowHeadConfig

RULES = RuleTensors.from_table(load_rule_base(Path(__file__).parents[2] / "config/rules/facs.yaml").table())
RANGES = torch.tensor([0.4, 0.4])
SMALL = WindowHeadConfig(rows=2, columns=2, token_dim=8, text_dim=6, embedding_dim=16)


def windows(batch: int = 2, segments: int = 6, seed: int = 0) -> HeadInputs:
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(batch, 5 * segments, 4, 8, generator=generator)
    words = torch.randn(batch, segments, 6, generator=generator)
    return HeadInputs(tokens, torch.ones(batch, 5 * segments), words, torch.ones(batch, segments))


def head(**changes: object) -> WindowHead:
    torch.manual_seed(0)
    return WindowHead(WindowHeadConfig(**{**SMALL.__dict__, **changes})).eval()


def run(network: WindowHead, inputs: HeadInputs, rules: RuleTensors = RULES):
    with torch.no_grad():
        return network(inputs, rules, RANGES, network.last_layer)


def test_there_is_one_row_of_logits_memberships_components_and_embedding_per_segment():
    out = run(head(), windows())
    assert out.logits.shape == out.memberships.shape == (2, 6, 19)
    assert out.components.shape == (2, 6, 12)
    assert out.firing.shape == (2, 6, 64)
    assert out.embedding.shape == (2, 6, 16)
    assert out.components.abs().max() <= 1


def test_what_stands_in_an_absent_slot_or_segment_does_not_matter():
    inputs = windows()
    presence, heard = inputs.frame_presence.clone(), inputs.word_presence.clone()
    presence[:, 7:12], heard[:, 3] = 0, 0
    garbage_tokens, garbage_words = inputs.tokens.clone(), inputs.words.clone()
    garbage_tokens[:, 7:12], garbage_words[:, 3] = 1e3, -1e3
    network = head()
    clean = run(network, inputs._replace(frame_presence=presence, word_presence=heard))
    dirty = run(network, HeadInputs(garbage_tokens, presence, garbage_words, heard))
    torch.testing.assert_close(clean.logits, dirty.logits)


def test_absence_is_not_zeros():
    network, inputs = head(), windows()
    zeros = run(network, inputs._replace(tokens=torch.zeros_like(inputs.tokens)))
    absent = run(network, inputs._replace(frame_presence=torch.zeros_like(inputs.frame_presence)))
    assert (zeros.logits - absent.logits).abs().max() > 1e-3


def test_a_segment_without_a_face_has_no_expression():
    inputs = windows()
    presence = inputs.frame_presence.clone()
    presence[:, 10:15] = 0
    out = run(head(), inputs._replace(frame_presence=presence))
    for part in (out.memberships, out.components, out.firing):
        assert part[:, 2].abs().max() == 0


@pytest.mark.parametrize("left_out", PARTS)
def test_every_part_of_the_region_graph_counts(left_out):
    network, inputs = head(), windows()
    without = head(graph_parts=tuple(part for part in PARTS if part != left_out))
    without.load_state_dict(network.state_dict())
    assert (run(network, inputs).logits - run(without, inputs).logits).abs().max() > 1e-6


def test_an_unknown_part_of_the_graph_is_refused():
    with pytest.raises(ValueError, match="graph_parts: expected some of grid, learned, similarity, found gird"):
        head(graph_parts=("gird",))


def test_changing_the_rules_changes_the_answer_without_a_new_network():
    network, inputs = head(), windows()
    other = RULES._replace(codes=RULES.codes.flip(0), weights=RULES.weights.flip(0))
    assert (run(network, inputs).logits - run(network, inputs, other).logits).abs().max() > 1e-6


def test_a_person_is_set_against_their_own_range_in_the_window():
    """The same segment is judged otherwise when the rest of the window shows a stronger expression."""
    network, inputs = head(), windows(segments=40)
    stronger = inputs.tokens.clone()
    stronger[:, :50] += torch.randn(4, 8)
    difference = run(network, inputs).logits[:, -1] - run(network, inputs._replace(tokens=stronger)).logits[:, -1]
    assert difference.abs().max() > 1e-4


def test_second_order_gradients_reach_the_recurrent_weights():
    network, inputs = head(), windows()
    network.train()
    parameters = dict(network.named_parameters())

    def loss(values):
        out = torch.func.functional_call(network, values, (inputs, RULES, RANGES, values["last_layer"]))
        return out.logits.square().mean()

    def adapted_loss(values):
        grads = torch.func.grad(loss)(values)
        return loss({name: value - 0.1 * grads[name] for name, value in values.items()})

    grads = torch.func.grad(adapted_loss)(parameters)
    assert torch.isfinite(grads["recurrent.recur"]).all()
    assert grads["recurrent.recur"].abs().sum() > 0
