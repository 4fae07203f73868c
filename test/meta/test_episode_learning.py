from dataclasses import replace

import pytest
import torch
from tiny_windows import model, people, sampler
from torch.utils.tensorboard import SummaryWriter

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.meta.episode_learning import EpisodeLearner, WithEpisodes, episode_score, right_answers
from stf2m_ros.meta.episodes import ClassEpisodes, EpisodeSettings
from stf2m_ros.meta.meta_training import LAST_LAYER, InnerSettings, MetaLearner, MetaTrainingSettings
from stf2m_ros.meta.training_loop import OptimiserSettings, run_steps

CLASSES = (0, 2, 3, 5, 6, 8)
EPISODE = EpisodeSettings(per_step=2, ways=3, shots=2, query=2)
SETTINGS = MetaTrainingSettings(episodes=EPISODE, inner=InnerSettings(steps=2))


def episode_learner(settings=SETTINGS):
    episodes = ClassEpisodes(sampler(people(24)), CLASSES, settings.episodes)
    return EpisodeLearner(MetaLearner(model(), settings.inner), episodes, settings)


class BiasOnly(EpisodeLearner):
    """Whatever it learns, only the biases of the last layer stay."""

    def adapted(self, support):
        params = super().adapted(support)
        bias = torch.zeros_like(params[LAST_LAYER])
        bias[:, -1] = params[LAST_LAYER][:, -1]
        return {**params, LAST_LAYER: bias}


def test_a_learner_that_can_only_move_the_bias_scores_at_chance():
    learner = episode_learner()
    found = episode_score(BiasOnly(learner.learner, learner.episodes, SETTINGS), episodes=6)
    assert found.accuracy == pytest.approx(1 / 3)
    assert found.half_width == pytest.approx(0, abs=1e-9)


def test_the_last_layer_is_fresh_and_the_networks_own_stays():
    learner = episode_learner()
    before = learner.learner.model.head.last_layer.detach().clone()
    support, _ = learner.tensors((0, 0))
    assert learner.adapted(support)[LAST_LAYER].shape == (3, 17)
    assert torch.equal(learner.learner.model.head.last_layer, before)


def test_before_any_step_no_class_is_preferred():
    learner = episode_learner()
    _, query = learner.tensors((0, 0))
    params = {**learner.learner.head_params(), LAST_LAYER: torch.zeros(3, 17)}
    assert torch.equal(learner.outputs(params, query).logits, torch.zeros(6, 12, 3))


def test_only_the_last_layer_is_adapted_where_the_settings_say_so():
    def moved(settings):
        learner = episode_learner(settings)
        support, _ = learner.tensors((0, 0))
        own, adapted = learner.learner.head_params(), learner.adapted(support)
        return {name for name in own if name != LAST_LAYER and not torch.equal(own[name], adapted[name])}

    assert not moved(replace(SETTINGS, episodes=replace(EPISODE, last_layer_only=True)))
    assert len(moved(SETTINGS)) > 10


def test_learning_in_episodes_helps_in_other_episodes(tmp_path):
    one = replace(SETTINGS, inner=InnerSettings(steps=1), episodes=replace(EPISODE, per_step=1))
    learner = episode_learner(one)

    def unseen_loss():
        return sum(float(learner.query_loss((100, index)).detach()) for index in range(4))

    before = unseen_loss()
    task = WithEpisodes(lambda step: {}, learner, seed=0)
    with SummaryWriter(str(tmp_path)) as writer:
        steps = OptimiserSettings(steps=10, batch_size=1, rate=1e-2)
        run_steps("episodes", learner.learner, task, steps, tmp_path / "episodes.safetensors", writer)
    assert unseen_loss() < before
    score = episode_score(learner, episodes=4, seed=100)
    assert score.accuracy > 1 / 3 + score.half_width


def test_episodes_stand_beside_the_other_losses():
    found = WithEpisodes(lambda step: {"query": torch.tensor(float(step))}, episode_learner(), seed=0)(3)
    assert sorted(found) == ["episodes", "query"]
    assert found["query"].item() == 3
    assert found["episodes"].requires_grad


def test_an_example_has_one_answer_and_counts_only_where_it_is_labelled():
    logits = torch.zeros(3, 2, 2)
    logits[0, :, 1] = torch.tensor([4.0, -1.0])  # on the whole class 1
    logits[1, 0, 0] = 1.0
    expected = torch.tensor([[1, 1], [1, UNLABELLED], [UNLABELLED, UNLABELLED]])
    assert right_answers(logits, expected) == [True, False]
