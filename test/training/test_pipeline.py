"""The whole way from nothing to a bundle, on a few seconds of a few generated people."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from training_files import FEW_GENERATED, write_training_config

from stf2m_ros.cli import train
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, load_bundle
from stf2m_ros.runtime.onnx_engine import OnnxEngine


def write_config(folder: Path, **changes: object) -> Path:
    settings = {
        "seed": 3,
        "pretraining": {"frames_per_clip": 8, "optimiser": {"steps": 3, "batch_size": 8}},
        "window_training": {"optimiser": {"steps": 3, "batch_size": 2}},
    }
    return write_training_config(folder, **{**FEW_GENERATED, **settings, **changes})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    assert train.main(["--config", str(write_config(folder))]) == 0
    return folder


def test_training_writes_a_complete_bundle_with_its_scores(trained):
    card = load_bundle(trained / "bundle").card
    assert card.caveat == "trained on generated faces"
    assert card.scores["full_window"]["segments"] > 0
    assert max(card.scores["parity"].values()) < 1e-4
    assert card.training["seed"] == 3


def test_the_fitness_of_every_pair_of_ranges_stands_in_the_card_and_beside_it_as_a_picture(trained):
    card = load_bundle(trained / "bundle").card
    fitted = card.scores["fuzzy_ranges"]
    assert np.shape(fitted["fitness"]) == (7, 7)
    assert fitted["chosen"] == [card.fuzzy.component_range, card.fuzzy.intensity_range]
    assert cv2.imread(str(trained / "bundle/fuzzy_ranges.png")) is not None


def test_the_same_seed_gives_the_same_weights(trained, tmp_path):
    again = tmp_path / "again"
    assert train.main(["--config", str(write_config(again))]) == 0
    for name in ("frame_encoder.onnx", "window_head.onnx"):
        assert (again / "bundle" / name).read_bytes() == (trained / "bundle" / name).read_bytes()
    weights = [np.load(folder / "bundle" / "last_layer.npz")["weight"] for folder in (again, trained)]
    assert np.array_equal(*weights)


def test_training_that_finds_its_work_done_trains_nothing_anew(trained, capsys):
    before = (trained / "work/windows.safetensors").stat().st_mtime_ns
    assert train.main(["--config", str(trained / "train.yaml")]) == 0
    assert (trained / "work/windows.safetensors").stat().st_mtime_ns == before


def test_weights_of_another_configuration_are_refused_in_one_line_and_not_vouched_for(trained, tmp_path, capsys):
    work, card = str(trained / "work"), trained / "bundle/bundle.yaml"
    before = card.read_bytes()
    steps = {"steps": 3, "batch_size": 2, "rate": 1e-3}
    config = write_config(tmp_path, work_folder=work, window_training={"optimiser": steps})
    assert train.main(["--config", str(config)]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert f"{work}/windows.safetensors: made by another configuration (other window_training); delete it" in told
    assert card.read_bytes() == before
    assert not (tmp_path / "bundle").exists()


def test_what_changes_no_weights_may_change(trained, tmp_path):
    changes = {"model_version": "0.2.0", "caveat": "none", "device": "cpu"}
    clips = {**FEW_GENERATED["clips"], "workers": 2}
    steps = {"frames_per_clip": 8, "optimiser": {"steps": 3, "batch_size": 8, "checkpoint_s": 5.0}}
    config = write_config(tmp_path, work_folder=str(trained / "work"), clips=clips, pretraining=steps, **changes)
    assert train.main(["--config", str(config)]) == 0
    assert load_bundle(tmp_path / "bundle").card.model_version == "0.2.0"


def test_two_levels_go_on_from_the_single_level(trained, tmp_path):
    folder = tmp_path / "bilevel"
    tasks = {"tasks": 1, "mixed_windows": 1, "task": {"shots": 1, "query": 2}, "optimiser": {"steps": 2}}
    config = write_config(folder, work_folder=str(trained / "work"), bilevel=True, meta_training=tasks)
    assert train.main(["--config", str(config)]) == 0
    before, after = (np.load(place / "bundle/last_layer.npz")["weight"] for place in (trained, folder))
    assert 0 < np.abs(after - before).max() < 0.1


def test_training_goes_on_from_the_encoder_of_a_bundle(trained, tmp_path):
    still = {"frames_per_clip": 8, "optimiser": {"steps": 1, "batch_size": 8, "rate": 1e-12, "weight_decay": 0.0}}
    config = write_config(tmp_path / "on", start_from=str(trained / "bundle"), pretraining=still)
    assert train.main(["--config", str(config)]) == 0
    faces = np.random.default_rng(0).normal(size=(2, 3, 112, 112)).astype(np.float32)
    graphs = [folder / "bundle" / FRAME_ENCODER_FILE for folder in (trained, tmp_path / "on")]
    before, after = (OnnxEngine(graph).run({"faces": faces})["tokens"] for graph in graphs)
    assert np.abs(after - before).max() < 0.1 * np.abs(before).max()


def test_real_faces_stand_beside_generated_ones_and_their_people_are_split(trained, tmp_path):
    faces = tmp_path / "faces"
    for subject in range(10):
        for picture in (1, 2):
            path = faces / ("happy" if subject % 2 else "anger") / f"S{subject:03d}_001_{picture:08d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((48, 48), 20 * subject, np.uint8))
    source = {"name": "ckplus48", "path": str(faces), "validation_share": 0.3}
    folder = tmp_path / "mixed"
    config = write_config(folder, data_sets=[source])
    assert train.main(["--config", str(config), "--real-faces", str(faces)]) == 0
    assert "zero_shot_real_faces" not in load_bundle(folder / "bundle").card.scores
    sides = [
        {path.stem.split("_")[0] for path in (folder / "work" / "clips" / split).glob("ckplus48-*")}
        for split in ("train", "validation")
    ]
    assert all(sides)
    assert sides[0].isdisjoint(sides[1])
    assert len(sides[0] | sides[1]) == 10


def test_a_missing_configuration_is_told_in_one_line(capsys, tmp_path):
    assert train.main(["--config", str(tmp_path / "none.yaml")]) == 1
    assert "none.yaml: expected a YAML file" in capsys.readouterr().err
