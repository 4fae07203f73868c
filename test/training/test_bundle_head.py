"""Stage 2 goes on from what a bundle has learned."""

import shutil

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from training_files import FEW_GENERATED, write_training_config

from stf2m_ros.cli import train
from stf2m_ros.training.bundle_head import HEAD_FILES

STILL = {"optimiser": {"steps": 1, "batch_size": 2, "rate": 1e-12, "weight_decay": 0.0}}
SETTINGS = {
    **FEW_GENERATED,
    "pretraining": {"frames_per_clip": 8, "optimiser": {"steps": 1, "batch_size": 8}},
    "window_training": STILL,
    "fuzzy_ranges": {"fit": False},
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A bundle that has learned a little."""
    folder = tmp_path_factory.mktemp("begun")
    learned = {**SETTINGS, "window_training": {"optimiser": {"steps": 2, "batch_size": 2}}}
    assert train.main(["--config", str(write_training_config(folder, **learned, seed=1))]) == 0
    return folder


def another(begun, folder, **changes):
    """The configuration of a run whose random weights are others, on the same clips."""
    shutil.copytree(begun / "work/clips", folder / "work/clips")
    start = str(begun / "bundle")
    return write_training_config(folder, **{**SETTINGS, "seed": 2, "start_head_from": start, **changes})


def test_head_last_layer_and_words_are_those_of_the_bundle(begun, tmp_path):
    assert train.main(["--config", str(another(begun, tmp_path))]) == 0
    for file in HEAD_FILES:
        before, after = (weights_of(folder / "bundle" / file) for folder in (begun, tmp_path))
        assert before.keys() == after.keys()
        assert all(np.allclose(before[name], after[name], atol=1e-5) for name in before), file


def test_a_checkpoint_that_began_otherwise_is_not_gone_on_from(begun, tmp_path, capsys):
    assert train.main(["--config", str(another(begun, tmp_path))]) == 0
    anew = write_training_config(tmp_path, **SETTINGS, seed=2)
    assert train.main(["--config", str(anew)]) == 1
    assert "windows.safetensors: made by another configuration (other head); delete it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "file"),
    [({"head": {"embedding_dim": 64}}, "window_head.onnx"), ({"text": {"buckets": 64, "rank": 8}}, "text_table.npz")],
)
def test_a_bundle_of_other_sizes_is_refused_in_one_line(begun, tmp_path, capsys, changes, file):
    assert train.main(["--config", str(another(begun, tmp_path, **changes))]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith(f"train: start_head_from: {begun}/bundle/{file}: expected ")
    assert not (tmp_path / "work/frames").exists()  # it was told before anything was done


def test_a_damaged_bundle_is_refused_in_one_line(begun, tmp_path, capsys):
    shutil.copytree(begun / "bundle", tmp_path / "cut")
    layer = tmp_path / "cut/last_layer.npz"
    layer.write_bytes(layer.read_bytes()[:-20])
    assert train.main(["--config", str(another(begun, tmp_path, start_head_from=str(tmp_path / "cut")))]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"train: start_head_from: {layer}: expected ")


def weights_of(path):
    """By name."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return {name: array.astype(np.float32) for name, array in arrays.items()}
    weights = {weight.name: numpy_helper.to_array(weight) for weight in onnx.load(str(path)).graph.initializer}
    return {name: weight.astype(np.float32) for name, weight in weights.items() if weight.dtype.kind == "f"}
