from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_windows import HEAD, model, people, sampler

from stf2m_ros.baselines.catalogue import METHODS, RULES, chosen_methods, fit
from stf2m_ros.baselines.episodes import EpisodeSampler
from stf2m_ros.baselines.metacrl import Factors
from stf2m_ros.baselines.method import Budget, Given
from stf2m_ros.baselines.metric_based import NEVER, answerable, prototypes_of
from stf2m_ros.baselines.plain_head import PlainHead
from stf2m_ros.baselines.proto_net import minus_squared_distance
from stf2m_ros.baselines.reptile import Reptile
from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.meta.inner_loop import adapt
from stf2m_ros.meta.losses import SegmentTargets
from stf2m_ros.meta.training_loop import OptimiserSettings
from stf2m_ros.meta.window_batches import class_counts
from stf2m_ros.meta.window_scores import beginnings, judge, scores

BUDGET = Budget(windows=12, optimiser=OptimiserSettings(steps=40, batch_size=12, rate=1e-2))


def plain_model():
    made = model()
    torch.manual_seed(0)
    made.head = PlainHead(HEAD)
    return made


def given(name="maml", budget=BUDGET):
    cache = people(18)
    new_model = plain_model if METHODS[name].plain_head else model
    return Given(new_model, sampler(cache), class_counts(cache), budget, seed=0)


def targets(class_index, shares):
    unknown = torch.full((*class_index.shape, 12), float("nan"))
    return SegmentTargets(class_index, unknown, unknown, shares)


@pytest.mark.parametrize("name", [name for name in METHODS if name != RULES])  # those learn nothing
def test_every_method_learns_from_the_same_windows_and_judges_with_and_without_support(name):
    method = METHODS[name].make(given(name))
    fit(method, BUDGET)
    clips = sampler(people(9))
    cuts = beginnings(clips, 6.0)
    support = EpisodeSampler(clips).support_set(3, (0,))
    for judged in (judge(method.judge(None), clips, cuts), judge(method.judge(support), clips, cuts)):
        assert scores(judged)["accuracy_18"] > 2 / 6  # six of the classes occur


@pytest.mark.parametrize("name", METHODS)
def test_the_same_seed_gives_the_same_losses(name):
    first, again = (METHODS[name].make(given(name)).losses(3) for _ in range(2))
    assert {key: float(value.detach()) for key, value in first.items()} == {
        key: float(value.detach()) for key, value in again.items()
    }


def test_an_unknown_method_is_told():
    with pytest.raises(ValueError, match="expected some of supervised, maml, .* found mamel"):
        chosen_methods(["mamel"])
    assert chosen_methods(["maml", "supervised"]) == ("supervised", "maml")
    assert chosen_methods([]) == tuple(METHODS)


def test_a_budget_holds_whole_episodes():
    assert Budget(windows=24).episodes == 2
    with pytest.raises(ValueError, match="multiple of 12"):
        Budget(windows=16)


def test_an_episode_has_every_emotion_on_both_sides_and_never_the_same_expression():
    episodes = EpisodeSampler(sampler(people(12)), shots=2)
    task = episodes.task((0, 1))
    for side in task:
        found = side.class_index[(side.class_index != UNLABELLED) & (side.class_index < 18)] // 3
        assert set(found) == {0, 1, 2}
        assert len(side.tokens) == 6
    assert episodes.expressions() == {"happiness": 4, "anger": 4, "sadness": 4}
    assert len(episodes.support_set(10, (0,)).tokens) == 12


def test_the_plain_head_sees_one_segment_at_a_time():
    head, windows = plain_model(), sampler(people(3))
    batch = windows.cut(beginnings(windows, 6.0))
    changed = batch.tokens.copy()
    changed[:, 20:25, :, 0] += 1.0
    with torch.no_grad():
        before, after = head(batch).logits, head(batch._replace(tokens=changed)).logits
    differs = (before - after).abs().amax((0, 2)) > 1e-6
    assert differs.nonzero().flatten().tolist() == [4]


def test_a_frame_that_is_absent_does_not_count():
    head, windows = plain_model(), sampler(people(3))
    batch = windows.cut(beginnings(windows, 6.0))
    presence = batch.frame_presence.copy()
    presence[:, 20:22] = 0
    noise = batch.tokens.copy()
    noise[:, 20:22] = 7.0
    with torch.no_grad():
        absent = head(batch._replace(frame_presence=presence)).logits
        noisy = head(batch._replace(frame_presence=presence, tokens=noise)).logits
    torch.testing.assert_close(absent, noisy)


def test_a_prototype_is_the_mean_of_its_class_and_an_absent_class_never_wins():
    embedding = torch.tensor([[[1.0, 0.0], [3.0, 0.0], [0.0, 5.0], [9.0, 9.0]]])
    shares = torch.eye(19)[torch.tensor([[4, 4, 7, 0]])]
    prototypes = prototypes_of(embedding, targets(torch.tensor([[4, 4, 7, UNLABELLED]]), shares))
    assert prototypes.centre[4].tolist() == [2.0, 0.0]
    logits = minus_squared_distance(torch.tensor([0.0, 0.0]), prototypes)
    assert logits[[4, 7, 0]].tolist() == [-4.0, -25.0, NEVER]


def test_a_shared_label_makes_a_prototype_of_each_class_and_asks_for_none_that_is_absent():
    shares = torch.zeros(1, 2, 19)
    shares[0, 0, 0:3], shares[0, 1, [4, 9]] = 1 / 3, 0.5
    support = targets(torch.tensor([[2, UNLABELLED]]), shares)
    prototypes = prototypes_of(torch.tensor([[[3.0, 6.0], [0.0, 0.0]]]), support)
    assert prototypes.present.nonzero().flatten().tolist() == [0, 1, 2]
    torch.testing.assert_close(prototypes.centre[:3], torch.tensor([[3.0, 6.0]] * 3))
    asked = answerable(targets(torch.tensor([[2, 4]]), shares), prototypes)
    assert asked.class_index.tolist() == [[2, UNLABELLED]]
    assert asked.shares[0, 1].sum() == 0


def test_reptile_moves_towards_where_the_steps_on_a_task_lead():
    method = Reptile(given("reptile"))
    learner, task = method.module, method.task
    windows = learner.tensors(task.sampler.task((0, 0)).support, learner.model.text().detach())
    theta = {name: value.detach().clone().requires_grad_() for name, value in learner.head_params().items()}
    end = adapt(lambda p: task.windows_loss(p, windows), theta, learner.step_sizes(), method.inner.steps, True)
    gradient = torch.autograd.grad(method._way(windows), learner.model.head.last_layer)[0]
    torch.testing.assert_close(gradient, (theta["last_layer"] - end["last_layer"]).detach(), atol=1e-5, rtol=1e-3)


def test_orthogonal_factors_are_not_entangled():
    factors = Factors(4)
    factors.matrix.data = torch.eye(4)
    assert factors.entanglement().item() == 0
    factors.matrix.data = torch.ones(4, 4)
    assert factors.entanglement().item() == pytest.approx(1.0)


def test_fixed_inner_rates_stay_where_they_are():
    method = METHODS["anil"].make(given("anil"))
    before = method.module.log_step_sizes.clone()
    fit(method, replace(BUDGET, optimiser=replace(BUDGET.optimiser, steps=2)))
    assert torch.equal(before, method.module.log_step_sizes)


def test_a_loss_that_diverges_is_told():
    method = METHODS["supervised"].make(given("supervised"))
    method.module.head.last_layer.data.fill_(np.nan)
    with pytest.raises(FloatingPointError, match="at step 0"):
        fit(method, BUDGET)
