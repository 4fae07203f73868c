"""From parameters to a recogniser."""

from pathlib import Path

import numpy as np
import pytest
import ros_rig  # noqa: F401  skips these tests where the messages are not built
from fakes import write_tiny_bundle

from stf2m_ros.node.parameters import RecognizerParameters
from stf2m_ros.node.recognizer_loading import load_recognizer
from stf2m_ros.runtime.bundle import TEXT_TABLE_FILE, read_card, write_card
from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.word_table import word_arrays

DIM = 50


@pytest.fixture
def bundle_of_short_vectors(tmp_path: Path) -> Path:
    """Of a network that was trained on word vectors of 50 numbers, as glove.6B.50d has them."""
    folder = write_tiny_bundle(tmp_path / "bundle", TextSettings(dim=DIM))
    np.savez(folder / TEXT_TABLE_FILE, **word_arrays(["hello"], np.ones((1, DIM))))
    write_card(folder, read_card(folder))
    return folder


def vectors_file(folder: Path, dim: int) -> str:
    path = folder / f"glove.{dim}d.txt"
    path.write_text("".join(f"{word} {' '.join(['0.5'] * dim)}\n" for word in ("hello", "pain")))
    return str(path)


def loading(bundle: Path, word_vectors: str) -> None:
    load_recognizer(RecognizerParameters(str(bundle), "onnxruntime", word_vectors=word_vectors)).close()


def test_word_vectors_are_as_long_as_those_that_the_bundle_was_trained_on(bundle_of_short_vectors, tmp_path):
    loading(bundle_of_short_vectors, vectors_file(tmp_path, DIM))


def test_longer_ones_are_refused_by_the_name_of_their_file(bundle_of_short_vectors, tmp_path):
    with pytest.raises(ValueError, match="glove.300d.txt: expected lines of a word and 50 numbers"):
        loading(bundle_of_short_vectors, vectors_file(tmp_path, 300))


@pytest.mark.parametrize("named", ["bundle", "rules"])
def test_a_home_folder_is_found_in_every_file_that_is_named(tiny_bundle_folder, tmp_path, monkeypatch, named):
    """No shell replaces the ~ of rules:=~/mine.yaml."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "bundle").symlink_to(tiny_bundle_folder)
    (tmp_path / "rules").symlink_to(tiny_bundle_folder / "rules.yaml")
    given = {"bundle": str(tiny_bundle_folder), named: f"~/{named}"}
    load_recognizer(RecognizerParameters(backend="onnxruntime", **given)).close()
