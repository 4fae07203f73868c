import numpy as np
import pytest
import torch

from stf2m_ros.data.clip import Clip, LabelInterval
from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.meta.feature_pretraining import FeaturePretrainingTask, feature_cache, feature_scores, feature_set
from stf2m_ros.meta.pretraining import FrameReadout
from stf2m_ros.meta.training_loop import OptimiserSettings, run_steps
from stf2m_ros.net.frame_encoder import FeatureFrontEnd
from stf2m_ros.stream.settings import WindowGrid

GRID = WindowGrid(span_s=6.0)


@pytest.fixture
def store(tmp_path):
    """Two seconds of each class at 10 rows a second, the features around 100 and 104; one clip shows no face."""
    rng, store = np.random.default_rng(0), ClipStore(tmp_path / "clips")
    for number in range(6):
        features = rng.normal(100 + 4 * (number % 2), 0.5, size=(20, 5)).astype(np.float32)
        labels = (LabelInterval(3 * (number % 2), 0.0, 2.0),)
        given = None if number == 5 else features
        frame_s = np.empty(0) if number == 5 else np.arange(20) / 10
        store.write(f"clip{number}", Clip(str(number), "one", None, frame_s, (), labels, None, features=given))
    return store


def test_rows_are_spread_over_the_labelled_time_of_each_clip(store):
    rows = feature_set(store, store.names(), 5, 4, GRID)
    assert rows.features.shape == (20, 5)
    assert np.bincount(rows.class_index).tolist() == [12, 0, 0, 8]


def test_a_linear_front_end_learns_from_features_of_any_scale(store, tmp_path):
    torch.manual_seed(0)
    rows, settings = feature_set(store, store.names(), 5, 10, GRID), OptimiserSettings(steps=40, rate=2e-2)
    front_end = FeatureFrontEnd(5, regions=1, token_dim=8)
    front_end.standardise(torch.from_numpy(rows.features))
    readout = FrameReadout(front_end, 1, 8)
    task = FeaturePretrainingTask(readout, rows, settings, seed=0)
    run_steps("features", readout, task, settings, tmp_path / "features", None)
    assert feature_scores(readout, rows)["frame_accuracy_7"] > 0.95


def test_every_row_is_encoded_once_and_a_clip_without_a_face_shows_none(store, tmp_path):
    front_end = FeatureFrontEnd(5, regions=2, token_dim=3)
    cache = feature_cache(store, store.names(), front_end, "stamp", GRID, tmp_path / "tokens")
    tokens, present = cache.slot_tokens(1, slice(0, 20))
    with torch.no_grad():
        expected = front_end(torch.from_numpy(store.read("clip1").features)).numpy()
    assert present.all() and np.allclose(tokens, expected, rtol=2e-3, atol=2e-3)
    assert not cache.slot_tokens(5, slice(0, 20))[1].any()


def test_features_of_another_width_are_told(store):
    with pytest.raises(ValueError, match="0: expected 7 features a frame, found 5"):
        feature_set(store, store.names(), 7, 4, GRID)
