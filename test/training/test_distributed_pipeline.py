"""The command under torchrun: two processes make one bundle."""

import subprocess
import sys

import pytest
from training_files import FEW_GENERATED, write_training_config

from stf2m_ros.cli import train
from stf2m_ros.runtime.bundle import load_bundle

STEPS = {"steps": 2, "batch_size": 3}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder, and what the two processes said."""
    folder = tmp_path_factory.mktemp("together")
    config = write_training_config(
        folder,
        **FEW_GENERATED,
        device="cpu",
        pretraining={"frames_per_clip": 8, "optimiser": STEPS},
        window_training={"optimiser": STEPS},
        bilevel=True,
        fuzzy_ranges={"again_share": 0.0},  # so that it is three stages, whatever the fit says
        meta_training={"tasks": 2, "mixed_windows": 2, "task": {"shots": 1, "query": 2}, "optimiser": STEPS},
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "stf2m_ros.cli.train", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)  # a hang is what this ends
    assert done.returncode == 0, done.stderr
    return folder, done


def test_two_processes_write_one_complete_bundle(trained):
    folder, done = trained
    card = load_bundle(folder / "bundle").card
    assert card.scores["full_window"]["segments"] > 0
    assert done.stdout.count(f"bundle: {folder}/bundle") == 1


def test_only_one_process_draws_curves_and_progress(trained):
    folder, done = trained
    assert len(list((folder / "work/curves").iterdir())) == 3  # one file for each stage
    assert done.stderr.count("frames of unseen people") == 1


def test_one_process_takes_over_what_two_have_done(trained):
    folder, _ = trained
    stages = [folder / "work" / f"{name}.safetensors" for name in ("pretraining", "windows", "meta")]
    tokens = folder / "work/tokens/train/tokens.npy"
    before = [path.stat().st_mtime_ns for path in (*stages, tokens)]
    bundle = (folder / "bundle/window_head.onnx").read_bytes()
    assert train.main(["--config", str(folder / "train.yaml")]) == 0
    assert [path.stat().st_mtime_ns for path in (*stages, tokens)] == before
    assert (folder / "bundle/window_head.onnx").read_bytes() == bundle
