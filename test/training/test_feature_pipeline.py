"""From CMU-MOSEI's own files to a bundle: FACET features in place of pictures, GloVe vectors in place of a table."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from set_fixtures import write_csd
from training_files import ROOT, write_training_config

from stf2m_ros.cli import train
from stf2m_ros.node.parameters import RecognizerParameters
from stf2m_ros.node.recognizer_loading import load_recognizer
from stf2m_ros.runtime.bundle import BundleMismatch, load_bundle
from stf2m_ros.stream.word_table import load_text_table
from stf2m_ros.training.data_sources import split_of

pytest.importorskip("h5py")
VIDEOS = [f"vid{number}" for number in range(8)]
SEGMENT_S = 2.0


def write_mosei(folder: Path) -> Path:
    """Two segments a video, happy and sad at once in the first; the features tell them apart."""
    rng = np.random.default_rng(0)
    times = np.arange(120) / 30
    spans = np.stack([times, times + 1 / 30], axis=1)
    said = [[0.2, 0.6], [0.7, 1.2], [2.2, 2.6]]
    scores = [[1.0, 2.0, 1.0, 0, 0, 0, 0], [0.0, 0, 0, 3.0, 0, 0, 0]]
    labels = {video: (scores, [[0, SEGMENT_S], [SEGMENT_S, 2 * SEGMENT_S]]) for video in VIDEOS}
    facet = {video: (rng.normal(size=(120, 35)) + (times > SEGMENT_S)[:, None], spans) for video in VIDEOS}
    words = {video: (np.array([["very"], ["good"], ["awful"]]), said) for video in VIDEOS}
    vectors = {video: (np.eye(300)[[5, 6, 7]], said) for video in VIDEOS}
    write_csd(folder / "CMU_MOSEI_Labels.csd", "All Labels", labels)
    write_csd(folder / "CMU_MOSEI_VisualFacet42.csd", "FACET 4.2", facet)
    write_csd(folder / "CMU_MOSEI_TimestampedWords.csd", "words", words)
    write_csd(folder / "CMU_MOSEI_TimestampedWordVectors.csd", "glove_vectors", vectors)
    return folder


def write_config(folder: Path, **changes: object) -> Path:
    settings = {
        "data_sets": [{"name": "mosei", "path": str(folder / "mosei"), "validation_share": 0.4, "workers": 1}],
        "word_vectors": "clips",
        "encoder": {"features": 35, "token_dim": 8},
        "head": {"rows": 1, "columns": 1, "token_dim": 8, "embedding_dim": 16},
        "pretraining": {"optimiser": {"steps": 3, "batch_size": 8}},
        "window_training": {"optimiser": {"steps": 2, "batch_size": 2}},
        "fuzzy_ranges": {"fit": False},
    }
    return write_training_config(folder, **{**settings, **changes})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    write_mosei(folder / "mosei")
    assert train.main(["--config", str(write_config(folder))]) == 0
    return folder


def test_features_and_word_vectors_become_a_whole_bundle(trained):
    card = load_bundle(trained / "bundle").card
    assert card.scores["full_window"]["segments"] > 0
    assert 0 <= card.scores["frames"]["frame_accuracy_7"] <= 1
    assert max(card.scores["parity"].values()) < 1e-4
    (given,) = onnx.load(str(trained / "bundle/frame_encoder.onnx")).graph.input
    assert (given.name, given.type.tensor_type.shape.dim[1].dim_value) == ("features", 35)


def test_the_bundle_carries_the_vectors_of_the_words_that_were_said(trained):
    bundle = load_bundle(trained / "bundle")
    words = load_text_table(bundle.path("text_table.npz"), bundle.card.text)
    assert words.embed("Good")[6] == 1 and words.embed("awful")[7] == 1
    assert not words.embed("unheard").any()


def test_weights_that_were_learned_from_other_labels_are_refused(trained, tmp_path, capsys):
    for part in ("mosei", "work"):
        shutil.copytree(trained / part, tmp_path / part)
    labels = {video: ([[1.0, 0, 0, 3, 0, 0, 0]], [[0, SEGMENT_S]]) for video in VIDEOS}
    write_csd(tmp_path / "mosei/CMU_MOSEI_Labels.csd", "All Labels", labels)
    assert train.main(["--config", str(write_config(tmp_path))]) == 1
    assert "pretraining.safetensors: made by another configuration (other training clips)" in capsys.readouterr().err


def test_that_nobody_is_validated_on_is_told_before_pre_training(trained, tmp_path, capsys):
    alone = [{"name": "mosei", "path": str(trained / "mosei"), "validation_share": 0.0, "workers": 1}]
    assert train.main(["--config", str(write_config(tmp_path, data_sets=alone))]) == 1
    expected = "data_sets: expected clips to train and to validate on, found 16 and 0; validation_share says"
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "work/pretraining.safetensors").exists()


def test_that_no_features_of_those_validated_on_are_labelled_is_told_before_pre_training(trained, tmp_path, capsys):
    shutil.copytree(trained / "mosei", tmp_path / "mosei")
    learned = [video for video in VIDEOS if split_of(video, 0.4) == "train"]
    facet = {video: (np.ones((3, 35)), np.array([[0, 0.1], [0.1, 0.2], [0.2, 0.3]])) for video in learned}
    write_csd(tmp_path / "mosei/CMU_MOSEI_VisualFacet42.csd", "FACET 4.2", facet)
    assert train.main(["--config", str(write_config(tmp_path))]) == 1
    assert "validation: expected labelled clips with 35 features, found none among" in capsys.readouterr().err
    assert not (tmp_path / "work/pretraining.safetensors").exists()


def test_where_h5py_is_missing_it_is_said_in_one_line(trained):
    command = ["--config", str(trained / "train.yaml"), "--step", "prepare"]
    probe = f"import sys; sys.modules['h5py'] = None\nfrom stf2m_ros.cli.train import main; sys.exit(main({command!r}))"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("train: h5py not found, which reads .csd files; pip install")


def test_a_robot_with_a_camera_is_told_that_the_bundle_is_not_for_it(trained):
    with pytest.raises(BundleMismatch, match="expected a bundle for pictures, found one of 35 features"):
        load_recognizer(RecognizerParameters(bundle=str(trained / "bundle")))


def test_features_of_another_width_are_told_with_their_clip(trained, tmp_path, capsys):
    config = write_config(trained, work_folder=str(tmp_path / "work"), encoder={"features": 20, "token_dim": 8})
    assert train.main(["--config", str(config)]) == 1
    assert "expected 20 features a frame, found 35" in capsys.readouterr().err
