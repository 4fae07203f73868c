"""What a run tells before it begins: which steps stand, and how long the others will take."""

import json
from dataclasses import replace

import pytest
import torch

from stf2m_ros.cli import train
from stf2m_ros.meta.checkpoint import save_checkpoint
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.data_sources import DataSetSource
from stf2m_ros.training.generated_clips import GeneratedClips
from stf2m_ros.training.made_from import PRETRAINING, WINDOWS, WINDOWS_AT, settings_of
from stf2m_ros.training.steps import STEPS, RunRecord, duration


@pytest.fixture()
def config(tmp_path):
    return TrainingConfig(work_folder=str(tmp_path / "work"), clips=GeneratedClips(training=3, validation=1))


def put_clips(config, count):
    folder = RunRecord(config).work / "clips/train"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number}.npz").touch()


def put_checkpoint(config, stage, step, made_from=None):
    module, path = torch.nn.Linear(1, 1), RunRecord(config).work / f"{stage}.safetensors"
    made_from = settings_of(stage, config) if made_from is None else made_from
    save_checkpoint(path, module, torch.optim.AdamW(module.parameters()), step, made_from)


def test_nothing_stands_and_nothing_is_measured_at_first(config):
    plan = RunRecord(config).plan()
    assert [line.split()[0] for line in plan] == ["prepare", "pretrain", "encode", "windows", "ranges", "finish"]
    assert all(line.endswith("not measured yet") for line in plan)
    assert "0 of 4 " in plan[0] and "0 of 4000 " in plan[1]


def test_what_is_left_is_told_from_what_an_item_took(config):
    record = RunRecord(config)
    with pytest.raises(KeyboardInterrupt), record.measured("prepare"):
        put_clips(config, 1)
        raise KeyboardInterrupt
    told = json.loads(record.path.read_text())["prepare"]
    assert told["seconds_each"] > 0 and told["peak_mb"] > 10
    record.path.write_text(json.dumps({"prepare": {"seconds_each": 100.0}}))
    assert record.plan()[0].endswith("about 5 min left")  # three clips


def test_a_finished_step_stands_until_the_configuration_asks_for_more(config):
    with RunRecord(config).measured("prepare"):
        put_clips(config, 4)
    assert RunRecord(config).state("prepare").stands
    more = replace(config, data_sets=(DataSetSource("manifest", "clips.csv"),))
    assert not RunRecord(more).state("prepare").stands


def test_a_step_alone_needs_those_before_it(config):
    record = RunRecord(config)
    with pytest.raises(ValueError, match="step windows: expected prepare to stand, found 0 of 4; run --step prepare"):
        record.check_alone("windows")
    put_clips(config, 4)
    put_checkpoint(config, PRETRAINING, 1700)
    with pytest.raises(ValueError, match="expected pretrain to stand, found 1700 of 4000"):
        record.check_alone("encode")
    record.check_alone("pretrain")


def test_a_checkpoint_of_another_configuration_does_not_stand(config):
    for stage, steps in ((PRETRAINING, 4000), (WINDOWS, 2000)):
        put_checkpoint(config, stage, steps)
    assert [RunRecord(config).state(name).stands for name in ("pretrain", "windows")] == [True, True]
    other = replace(config, seed=2, pretraining=replace(config.pretraining, component_weight=1.0))
    plan = RunRecord(other).plan()
    assert plan[1].endswith("4000 of 4000    made by another configuration (other seed, pretraining)")
    assert not any(line.endswith("stands") for line in plan)


def test_checkpoints_of_another_configuration_are_told_together_before_anything_is_done(config):
    put_checkpoint(config, PRETRAINING, 4000)
    put_checkpoint(config, WINDOWS, 2000)
    put_checkpoint(config, "windows_at_0.2_0.8", 500, settings_of(WINDOWS_AT, config))
    RunRecord(config).check_checkpoints()
    other = RunRecord(replace(config, seed=2))
    expected = "delete it and windows.safetensors and windows_at_0.2_0.8.safetensors to start anew"
    with pytest.raises(ValueError, match=expected):
        other.check_checkpoints()
    with pytest.raises(ValueError, match=r"other seed\); delete it to start anew"):
        other.check_checkpoints("pretrain")
    other.check_checkpoints("prepare")


def test_a_checkpoint_that_does_not_tell_what_it_was_made_from_stands(config):
    put_checkpoint(config, PRETRAINING, 4000, made_from={})
    RunRecord(config).check_checkpoints()
    assert RunRecord(config).state("pretrain").stands


def test_a_step_that_the_configuration_does_not_ask_for_is_refused(config):
    with pytest.raises(ValueError, match="step meta: the configuration does not ask for it"):
        RunRecord(config).check_alone("meta")
    assert "meta" in RunRecord(replace(config, bilevel=True)).wanted()


def test_the_last_steps_stand_only_on_those_before_them(config):
    with RunRecord(config).measured("ranges"):
        pass
    assert not RunRecord(config).state("ranges").stands


def test_the_command_line_knows_the_steps():
    assert train.STEPS == STEPS


def test_other_processes_of_a_run_keep_no_record(config):
    with RunRecord(config, writes=False).measured("finish"):
        pass
    assert not RunRecord(config).path.exists()


@pytest.mark.parametrize(("seconds", "told"), [(40, "40 s"), (720, "12 min"), (12600, "3.5 h")])
def test_durations_are_told_for_people(seconds, told):
    assert duration(seconds) == told
