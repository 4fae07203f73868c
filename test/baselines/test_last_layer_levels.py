from dataclasses import replace

import pytest
import torch
from tiny_windows import model, people, sampler

from stf2m_ros.baselines.last_layer_levels import STEPS_WHEN_JUDGED, LastLayerLevels
from stf2m_ros.baselines.method import Budget, Given
from stf2m_ros.baselines.single_level import SingleLevel
from stf2m_ros.baselines.weighed_labels import of_classes
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.training_loop import OptimiserSettings
from stf2m_ros.meta.window_batches import WindowBatch, class_counts

BUDGET = Budget(windows=12, optimiser=OptimiserSettings(steps=2, batch_size=12))


def given(cache: TokenCache) -> Given:
    return Given(model, sampler(cache), class_counts(cache), BUDGET, seed=0)


def evidence(learner: LastLayerLevels, batch: WindowBatch) -> torch.Tensor:
    return of_classes(learner._evidence(batch))


def lesson_of(learner: LastLayerLevels, times: float = 1.0):
    """Of one batch of windows; embeddings that are so many times longer."""
    with torch.no_grad():
        lesson = learner._lesson(learner.given.windows.batch(12, (0, 0)))
    return lesson._replace(embedding=lesson.embedding * times)


def test_an_emotion_with_a_single_expression_is_learned_too():
    cache = people(3)  # one expression of each of three emotions: no episode could be drawn
    losses = LastLayerLevels(given(cache)).losses(0)
    assert set(losses) == {"classes", "components", "distillation", "adapted"}
    assert losses["classes"] > 0 and losses["adapted"] > 0


def test_the_weights_as_they_are_learn_what_plain_training_learns_from_the_same_windows():
    ours, plain = LastLayerLevels(given(people(9))), SingleLevel(given(people(9)))
    for name, loss in plain.losses(5).items():
        torch.testing.assert_close(ours.losses(5)[name], loss)


@pytest.mark.parametrize("times", [0.1, 1.0, 30.0])
def test_no_inner_step_overshoots_however_long_embeddings_are(times):
    learner = LastLayerLevels(given(people(9)))
    lesson = lesson_of(learner, times)
    losses = [float(learner._cross_entropy(lesson, learner._task_layer(lesson, steps)).detach()) for steps in range(8)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_twice_the_steps_of_adapting_change_no_answer():
    learner = LastLayerLevels(given(people(9)))
    lesson = lesson_of(learner)
    answers = [
        (lesson.embedding @ layer[:, :-1].T + layer[:, -1] + lesson.evidence).argmax(-1)
        for layer in (learner._task_layer(lesson, steps) for steps in (STEPS_WHEN_JUDGED, 2 * STEPS_WHEN_JUDGED))
    ]
    labelled = lesson.targets.class_index >= 0
    assert (answers[0] == answers[1])[labelled].float().mean() > 0.95


def test_the_inner_rate_is_learned():
    learner = LastLayerLevels(replace(given(people(9)), seed=1))
    learner.losses(0)["adapted"].backward()
    assert learner.log_step_size.grad != 0


def test_each_layer_counts_as_the_expressions_it_was_learned_from():
    learner = LastLayerLevels(given(people(9)))
    windows = learner.given.windows
    batch, own = windows.batch(6, (0, 1)), windows.batch(3, (0, 2))
    with torch.no_grad():
        as_it_is, adapted = learner.judge(None)(batch), learner.judge(own)(batch)
        layer = learner._task_layer(learner._lesson(own), STEPS_WHEN_JUDGED)
        of_the_task = as_it_is.embedding @ layer[:, :-1].T + layer[:, -1]
        both = 0.75 * (as_it_is.logits - evidence(learner, batch)) + 0.25 * of_the_task  # nine expressions and three
    torch.testing.assert_close(adapted.logits, both + evidence(learner, batch), atol=1e-4, rtol=1e-4)


def test_the_fewer_the_expressions_the_less_a_task_s_own_layer_says():
    learner = LastLayerLevels(given(people(9)))
    lesson = lesson_of(learner)
    sizes = [
        float(learner._task_layer(lesson.part(slice(None, count)), STEPS_WHEN_JUDGED).detach().norm())
        for count in (1, 3, 12)
    ]
    assert sizes[0] < sizes[1] < sizes[2]
