"""What of a configuration the weights depend on, and what not."""

from dataclasses import replace

import pytest

from stf2m_ros.net.frame_encoder import FrameEncoderConfig
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.data_sources import DataSetSource
from stf2m_ros.training.fuzzy_ranges import FuzzyRangesSettings
from stf2m_ros.training.made_from import META, META_AT, PRETRAINING, WINDOWS, WINDOWS_AT, settings_of

STAGES = (PRETRAINING, WINDOWS, META, WINDOWS_AT, META_AT)
CONFIG = TrainingConfig(data_sets=(DataSetSource("manifest", "here/clips.csv"),))


def with_inner(name, **changes):
    return {name: replace(getattr(CONFIG, name), **changes)}


def often_kept(name):
    stage = getattr(CONFIG, name)
    return {name: replace(stage, optimiser=replace(stage.optimiser, checkpoint_s=1.0))}


def changed(stage, config):
    before, after = settings_of(stage, CONFIG), settings_of(stage, config)
    assert before.keys() == after.keys()
    return [part for part in before if before[part] != after[part]]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "same",
    [
        {"name": "other", "model_version": "9", "caveat": "none", "threads": 3, "device": "cpu"},
        {"work_folder": "other/work", "bundle_folder": "other/bundle", "bilevel": True},
        with_inner("clips", workers=7),
        with_inner("grid", hop_s=1.0, settle_s=5.0),
        with_inner("fuzzy", rule_share=0.3),
        with_inner("meta_training", over_tasks="loop"),
        with_inner("fuzzy_ranges", grid=(0.3, 0.4), clips=5),
        {"data_sets": (DataSetSource("manifest", "there/clips.csv", skip_broken=True, workers=9),)},
        *map(often_kept, ("pretraining", "window_training", "meta_training")),
    ],
    ids=lambda same: "-".join(same),
)
def test_what_changes_no_weights_does_not_count(stage, same):
    assert changed(stage, replace(CONFIG, **same)) == []


@pytest.mark.parametrize(
    ("others", "first", "part"),
    [
        ({"seed": 2}, 0, "seed"),
        (with_inner("pretraining", component_weight=1.0), 0, "pretraining"),
        ({"encoder": FrameEncoderConfig(width=8)}, 0, "encoder"),
        (with_inner("clips", foggy_share=0.5), 0, "clips"),
        ({"data_sets": ()}, 0, "data_sets"),
        (with_inner("clips", validation=7), 1, "clips"),
        (with_inner("fuzzy", component_range=0.5), 1, "fuzzy"),
        (with_inner("text", rank=8), 1, "text"),
        (with_inner("window_training", bfloat16=False), 1, "window_training"),
        ({"word_vectors": "clips"}, 1, "word_vectors"),
    ],
)
def test_what_changes_the_weights_counts_in_its_stage_and_those_behind_it(others, first, part):
    found = [changed(stage, replace(CONFIG, **others)) for stage in STAGES]
    assert found == [[]] * first + [[part]] * (len(STAGES) - first)


def test_how_training_goes_on_counts_only_there():
    others = replace(CONFIG, fuzzy_ranges=FuzzyRangesSettings(again_share=0.5))
    assert [changed(stage, others) for stage in STAGES] == [[], [], [], ["fuzzy_ranges"], ["fuzzy_ranges"]]


def test_rules_and_weights_to_begin_with_count_by_what_is_in_the_file(tmp_path):
    rules, weights = tmp_path / "rules.yaml", tmp_path / "resnet.pth"
    with open(CONFIG.rules, encoding="utf-8") as file:
        text = file.read()
    rules.write_text(f"# the same, elsewhere\n{text}", encoding="utf-8")
    assert changed(WINDOWS, replace(CONFIG, rules=str(rules))) == []
    weights.write_bytes(b"weights")
    begun = replace(CONFIG, **with_inner("pretraining", imagenet_weights=str(weights)))
    assert changed(PRETRAINING, begun) == ["pretraining"]
    before = settings_of(PRETRAINING, begun)
    weights = weights.rename(tmp_path / "moved.pth")
    moved = replace(CONFIG, **with_inner("pretraining", imagenet_weights=str(weights)))
    assert settings_of(PRETRAINING, moved) == before
