"""Fixtures that several rooms use."""

import os
from pathlib import Path

import pytest
from fakes import write_tiny_bundle
from tiny_int8 import add_tiny_int8

# On shared cores, threads that wait for each other by spinning take minutes for what one does in seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def tiny_bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real bundle with small graphs and random weights. Not to be written to."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture(scope="session")
def int8_bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with both int8 encoders. Not to be written to."""
    folder = write_tiny_bundle(tmp_path_factory.mktemp("int8_bundle") / "tiny")
    add_tiny_int8(folder)
    return folder


@pytest.fixture()
def bundle_folder(tmp_path: Path, tiny_bundle_folder: Path) -> Path:
    """The tiny bundle in a folder that the test may break."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    for path in tiny_bundle_folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder
