"""Which window head ONNX Runtime runs."""

import shutil
from pathlib import Path

import onnx
import pytest

from stf2m_ros.runtime.bundle import (
    WINDOW_HEAD_CPU_FILE,
    WINDOW_HEAD_FILE,
    BundleMismatch,
    load_bundle,
    sha256_of,
    write_card,
)
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.head_file import SOURCE_KEY, head_file


@pytest.fixture
def folder(tiny_bundle_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(str(tiny_bundle_folder), str(tmp_path / "bundle")))


def add_head(folder: Path, source_sha256: str) -> None:
    """The same graph once more, as if it had been made for ONNX Runtime."""
    model = onnx.load(str(folder / WINDOW_HEAD_FILE))
    model.metadata_props.add(key=SOURCE_KEY, value=source_sha256)
    onnx.save(model, str(folder / WINDOW_HEAD_CPU_FILE))
    write_card(folder, load_bundle(folder).card)


def test_a_bundle_without_a_head_of_its_own_for_the_cpu_runs_the_one_for_all(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert head_file(bundle) == WINDOW_HEAD_FILE
    open_onnx_engines(bundle).close()


def test_the_head_for_the_cpu_is_taken_where_it_is_there(folder: Path) -> None:
    add_head(folder, sha256_of(folder / WINDOW_HEAD_FILE))
    bundle = load_bundle(folder)
    assert head_file(bundle) == WINDOW_HEAD_CPU_FILE
    engines = open_onnx_engines(bundle)
    assert SOURCE_KEY in engines.window_head.metadata
    engines.close()


def test_a_head_that_was_made_from_another_one_is_refused(folder: Path) -> None:
    add_head(folder, 64 * "0")
    with pytest.raises(BundleMismatch, match=r"expected it to be made from window_head.onnx of sha256 .*, found 0000"):
        open_onnx_engines(load_bundle(folder))
