from pathlib import Path

import pytest

from stf2m_ros.meta.episodes import EpisodeSettings
from stf2m_ros.meta.meta_training import MetaTrainingSettings
from stf2m_ros.training.config import TrainingConfig, load_config

NARROW = MetaTrainingSettings(tasks=3)
EPISODES = MetaTrainingSettings(episodes=EpisodeSettings(per_step=2))
ROOT = Path(__file__).parents[2]
CONFIGS = sorted([*(ROOT / "config").glob("train_*.yaml"), ROOT / "bench" / "text_alone.yaml"])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_configuration_loads(path):
    assert load_config(path).bundle_folder


def test_what_a_file_does_not_say_keeps_its_default(tmp_path):
    (tmp_path / "some.yaml").write_text("encoder: {width: 16}\n")
    config = load_config(tmp_path / "some.yaml")
    assert config.encoder.width == 16
    assert config.encoder.token_dim == TrainingConfig().encoder.token_dim
    assert config.pretraining == TrainingConfig().pretraining


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("enoder: {width: 16}", "unknown key 'enoder'"),
        ("encoder: {width: wide}", "encoder.width: expected int, found str 'wide'"),
        ("window_training: {begin_at_regression: true}", "expected head.word_evidence and text.add_up"),
        ("encoder: {token_dim: 32}", "head.token_dim must be the encoder's 32, found 64"),
        (
            "preprocessing: {size_px: 64}",
            "head.rows and head.columns must be 2 and 2 with preprocessing.size_px 64, found 4",
        ),
        ("clips: {workers: 0}", "expected at least one"),
        ("threads: -1", "threads: expected 0 or more, found -1"),
        ("seed: -1", "seed: expected 0 or more, found -1"),
        ("data_sets: {name: x}", "data_sets: expected a list, found dict"),
        ("data_sets: [x]", "data_sets[0]: expected a mapping of keys, found str"),
        ("data_sets:", "data_sets: expected a list, found nothing"),
        ("- seed", "expected a mapping of keys, found list"),
        ("a: [", "expected a YAML file"),
        ("head: {slots_per_segment: 4}", "head.slots_per_segment must be the grid's 5, found 4"),
        ("head: {embedding_dim: 0}", "head: embedding_dim: expected 1 or more, found 0"),
        ("head: {graph_parts: [gird]}", "head: graph_parts: expected some of grid, learned, similarity, found gird"),
        ("clips: {windows: -1}", "clips: windows: expected 0 or more, found -1"),
        ("clips: {training_frames_per_s: 0}", "clips: frames_per_s must give 30 s a frame or more, found 0"),
        ("clips: {foggy_share: 1.5}", "clips: foggy_share: expected 0 to 1, found 1.5"),
        ("pretraining: {frames_per_clip: 0}", "pretraining: frames_per_clip: expected 1 or more, found 0"),
        ("pretraining: {optimiser: {rate: -1}}", "pretraining.optimiser: rate: expected above 0, found -1"),
        ("pretraining: {optimiser: {rate: .nan}}", "pretraining.optimiser: rate: expected above 0, found nan"),
        ("pretraining: {augmentation: {coarse_px: [24, 24]}}", "coarse_px: expected two sizes of at least 1"),
        ("window_training: {loss: {label_smoothing: 2}}", "loss: label_smoothing: expected 0 to 1, found 2"),
        ("window_training: {sampling: {gap_share: 2}}", "sampling: gap_share: expected 0 to 1, found 2"),
        ("window_training: {sampling: {longest_gap_s: 0.1}}", "longest_gap_s: expected two slots of 0.1 s or more"),
        ("window_training: {sampling: {shortest_s: 40}}", "shortest_s: expected up to grid.span_s 30, found 40"),
        ("meta_training: {inner: {step_size: 0}}", "meta_training.inner: step_size: expected above 0, found 0"),
        ("meta_training: {task: {other_share: 1.5}}", "meta_training.task: other_share: expected 0 to 1, found 1.5"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_the_file(tmp_path, text, complaint):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ValueError, match="bad.yaml") as error:
        load_config(tmp_path / "bad.yaml")
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_broken_files_of_every_data_set_can_be_skipped(tmp_path):
    sets = "{data_sets: [{name: meld, path: a}, {name: manifest, path: b}]}"
    (tmp_path / "some.yaml").write_text(sets)
    config = load_config(tmp_path / "some.yaml")
    assert not any(source.skip_broken for source in config.data_sets)
    assert all(source.skip_broken for source in config.skipping_broken().data_sets)


@pytest.mark.parametrize(("bilevel", "meta", "smallest"), [(False, NARROW, 32), (True, NARROW, 3), (True, EPISODES, 2)])
def test_the_smallest_batch_is_that_of_a_stage_that_is_asked_for(bilevel, meta, smallest):
    assert TrainingConfig(bilevel=bilevel, meta_training=meta).smallest_batch() == smallest
