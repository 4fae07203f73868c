import numpy as np
import pytest

from stf2m_ros.meta.window_scores import Judged, fit_temperature, scores


def judged(said, expected, sharpness=5.0):
    logits = np.eye(19, dtype=np.float32)[said] * sharpness
    return Judged(logits, np.array(expected), np.full((len(said), 12), 0.1, np.float32))


def test_neutral_is_masked_in_the_papers_task_and_counts_in_ours():
    found = scores(judged([18, 4, 18], [4, 4, 18]))
    assert found["accuracy_18"] == pytest.approx(0.5)
    assert found["accuracy_19"] == pytest.approx(2 / 3)
    assert found["component_error"] == pytest.approx(0.1)


def test_a_wrong_level_is_still_the_right_emotion():
    found = scores(judged([5, 3], [4, 9]))
    assert found["accuracy_18"] == 0
    assert found["accuracy_6"] == pytest.approx(0.5)


def test_the_temperature_makes_an_overconfident_model_as_sure_as_it_is_right():
    said = np.arange(400) % 19
    expected = np.where(np.arange(400) % 4 == 0, (said + 1) % 19, said)  # right in three of four
    overconfident = judged(said, expected, sharpness=20.0)
    temperature = fit_temperature(overconfident)
    scaled = np.exp(overconfident.logits / temperature)
    confidence = (scaled / scaled.sum(-1, keepdims=True)).max(-1).mean()
    assert temperature > 2
    assert confidence == pytest.approx(0.75, abs=0.02)
