"""The commands of docs/train_on_your_data.md, run as they are printed, only smaller."""

import csv
import importlib
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from stf2m_ros.runtime.bundle import load_bundle

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/train_on_your_data.md").read_text(encoding="utf-8")
SMALLER = {"--seconds 12": "--seconds 3 --frames-per-s 10"}
FEW = {"clips": {"training": 1, "validation": 1, "duration_s": 3, "workers": 1}, "threads": 1}


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def run(command):
    """python -m module arguments, in this process."""
    for printed, smaller in SMALLER.items():
        command = command.replace(printed, smaller)
    python, dash_m, module, *arguments = shlex.split(command)
    assert (python, dash_m) == ("python", "-m")
    return importlib.import_module(module).main(arguments)


def smaller_configuration(text):
    config = {**yaml.safe_load(text), **FEW}
    for stage in ("pretraining", "window_training"):
        config[stage]["optimiser"].update(steps=1, batch_size=2)
    config["pretraining"]["frames_per_clip"] = 4
    config["data_sets"][0]["workers"] = 1
    return yaml.safe_dump(config)


@pytest.fixture(scope="module")
def commands():
    """Those of the page that this project brings, in their order."""
    return [line for block in blocks("bash") for line in block.splitlines() if line.startswith("python -m stf2m_ros")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, commands):
    """Where the page's reader stands after the commands up to the last one."""
    folder = tmp_path_factory.mktemp("fresh")
    for name in ("config", "models"):
        (folder / name).symlink_to(ROOT / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert all(run(command) == 0 for command in commands[:2])
        (folder / "my_recordings/train.yaml").write_text(smaller_configuration(blocks("yaml")[0]))
        with open(folder / "my_recordings/clips.csv", "a") as manifest:
            manifest.write("eve-1,eve,eve.mp4,,neutral\n")
        assert all(run(command) == 0 for command in commands[2:])
    return folder


def test_the_page_makes_counts_prepares_and_trains(commands):
    names = [command.split()[2].rpartition(".")[2] for command in commands]
    assert names == ["example_recordings", "label", "train", "train"]
    assert "--step prepare" in commands[2]


def test_the_manifest_is_the_one_that_the_page_shows(folder):
    assert (folder / "my_recordings/clips.csv").read_text().startswith(blocks("csv")[0])
    with open(folder / "my_recordings/ben.labels.csv", encoding="utf-8") as file:
        assert list(csv.reader(file))[0] == blocks("csv")[1].splitlines()[0].split(",")


def test_ben_is_validated_on_and_the_broken_line_is_left_out(folder):
    sides = {
        side: sorted(path.stem for path in (folder / "runs/my_recordings/clips" / side).glob("manifest-*"))
        for side in ("train", "validation")
    }
    assert sides["validation"] == ["manifest-ben-1"]
    assert "manifest-anna-1" in sides["train"] and "manifest-eve-1" not in sides["train"]


def test_the_bundle_stands_where_the_page_says_and_every_step_was_measured(folder):
    card = load_bundle(folder / "runs/my_recordings/bundle").card
    assert card.caveat.startswith("trained on generated faces and four example films")
    told = json.loads((folder / "runs/my_recordings/steps.json").read_text())
    assert all(told[step]["finished"] for step in ("prepare", "pretrain", "encode", "windows", "ranges", "finish"))


def test_the_page_shows_the_configuration_of_its_own_commands():
    config = yaml.safe_load(blocks("yaml")[0])
    assert config["data_sets"][0]["path"] == "my_recordings/clips.csv"
    assert f"BUNDLE={config['bundle_folder']}" in PAGE
