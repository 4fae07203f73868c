import torch
from tiny_windows import HEAD, model, people, sampler

from stf2m_ros.evaluation.laboratory.conv4_head import Conv4Head
from stf2m_ros.meta.window_scores import beginnings


def conv4_model():
    made = model()
    made.head = Conv4Head(HEAD)
    return made


def test_a_segment_knows_no_other_before_the_recurrent_part():
    made, windows = conv4_model(), sampler(people(2))
    batch = windows.cut(beginnings(windows, 6.0))
    changed = batch.tokens.copy()
    changed[:, 20:25, :, 0] += 1.0
    with torch.no_grad():
        vectors = made.text()
        inputs = [made.head_inputs(each, vectors) for each in (batch, batch._replace(tokens=changed))]
        before, after = (made.head.encode(each)[0] for each in inputs)
    assert ((before - after).abs().amax((0, 2)) > 1e-6).nonzero().flatten().tolist() == [4]


def test_every_part_that_is_left_learns():
    made, windows = conv4_model(), sampler(people(2))
    made(windows.cut(beginnings(windows, 6.0))).logits.square().sum().backward()
    lazy = [name for name, weight in made.head.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert lazy == []
