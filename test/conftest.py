"""Fixtures that several rooms use."""

import os
from pathlib import Path

import pytest
from fakes import write_tiny_bundle

# On shared cores, threads that wait for each other by spinning take minutes for what one does in seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def tiny_bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real bundle with small graphs and random weights. Not to be written to."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture()
def bundle_folder(tmp_path: Path, tiny_bundle_folder: Path) -> Path:
    """The tiny bundle in a folder that the test may break."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    for path in tiny_bundle_folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder
