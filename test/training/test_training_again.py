"""Training goes on at the membership ranges that were found."""

from dataclasses import replace

import pytest
import torch
from tiny_windows import GRID, HEAD, PLAIN, model, people

from stf2m_ros.meta.episodes import EpisodeSettings
from stf2m_ros.meta.meta_training import InnerSettings, MetaLearner, MetaTrainingSettings
from stf2m_ros.meta.processes import ALONE
from stf2m_ros.meta.tasks import TaskSettings
from stf2m_ros.meta.training_loop import OptimiserSettings
from stf2m_ros.meta.window_training import WindowTrainingSettings
from stf2m_ros.net.frame_encoder import FrameEncoderConfig
from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.fuzzy_ranges import FuzzyRangesSettings
from stf2m_ros.training.kept_steps import KeptSteps
from stf2m_ros.training.window_stage import WindowStage

STEPS = OptimiserSettings(steps=8, batch_size=2)


@pytest.fixture
def stage(tmp_path):
    config = TrainingConfig(
        work_folder=str(tmp_path),
        grid=GRID,
        head=HEAD,
        encoder=FrameEncoderConfig(token_dim=8, features=1),  # tokens that no picture stands behind
        text=TextSettings(dim=6),
        window_training=WindowTrainingSettings(sampling=PLAIN, optimiser=STEPS),
        meta_training=MetaTrainingSettings(tasks=1, mixed_windows=1, task=TaskSettings(2, 4), optimiser=STEPS),
        fuzzy_ranges=FuzzyRangesSettings(grid=(0.2, 0.8)),
    )
    caches = {"train": people(), "validation": people(4)}
    return WindowStage(config, model().fuzzy, caches, KeptSteps(tmp_path, ALONE))


def last_layer_after(stage, network, learner=None):
    network.use_ranges(torch.tensor([0.2, 0.8]))
    stage.train_again(network, learner)
    return network.head.last_layer.detach().clone()


def test_a_quarter_of_the_steps_more_are_made_and_found_again(stage, tmp_path):
    before, after = model().head.last_layer.detach(), last_layer_after(stage, model())
    assert not torch.equal(before, after)
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["windows_at_0.2_0.8.safetensors"]
    assert torch.equal(last_layer_after(stage, model()), after)


def test_other_weights_are_not_gone_on_from(stage):
    last_layer_after(stage, model())
    other = model()
    with torch.no_grad():
        other.head.last_layer.mul_(2)
    with pytest.raises(ValueError, match=r"windows_at_0\.2_0\.8\.safetensors: .* \(other weights before\)"):
        last_layer_after(stage, other)


def test_two_levels_go_on_at_two_levels(stage, tmp_path):
    network = model()
    learner = MetaLearner(network, InnerSettings())
    rates = learner.log_step_sizes.detach().clone()
    last_layer_after(stage, network, learner)
    assert sorted(path.stem for path in tmp_path.glob("*.safetensors")) == ["meta_at_0.2_0.8", "meta_at_0.2_0.8_best"]
    assert not torch.equal(learner.log_step_sizes, rates)


def test_episodes_are_learned_beside_the_tasks_where_there_shall_be_some(stage):
    def after(settings):
        network, steps = model(), replace(stage.steps, work=stage.steps.work / str(settings.episodes.per_step))
        replace(stage, config=replace(stage.config, meta_training=settings), steps=steps).meta_train(network)
        return network.head.recurrent.recur.detach().clone()

    without = stage.config.meta_training
    episodes = EpisodeSettings(per_step=1, ways=2, shots=1, query=1, held_out=0)
    assert not torch.equal(after(without), after(replace(without, episodes=episodes)))


def test_too_few_expressions_for_tasks_are_told_with_the_setting_to_raise(stage):
    many_shots = replace(stage.config.meta_training, task=TaskSettings(50, 4))
    of_pictures = {"encoder": FrameEncoderConfig(width=8, token_dim=8), "head": replace(HEAD, rows=4, columns=4)}
    config = replace(stage.config, meta_training=many_shots, **of_pictures)
    raised = r"raise clips.training \(now 1400\), give data_sets, or lower meta_training.task.shots \(now 50\)"
    with pytest.raises(ValueError, match=f"bilevel: tasks need two emotions with more than 50 groups, .*; {raised}"):
        replace(stage, config=config).meta_train(model())


def test_a_flat_surface_leaves_ranges_and_weights_as_they_are(stage, tmp_path):
    network = model().eval()
    before = network.head.last_layer.detach().clone()
    with torch.no_grad():
        network.head.recurrent.read.weight[:, HEAD.embedding_dim :] = 0  # deaf to the rules
    fitted = stage.fit_ranges(network, None)
    assert fitted.is_flat
    assert network.fuzzy.ranges.tolist() == pytest.approx([0.4, 0.4])
    assert torch.equal(network.head.last_layer, before)
    assert not list(tmp_path.glob("*.safetensors"))
