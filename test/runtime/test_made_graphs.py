"""Which graphs ONNX Runtime runs, and that they are of this network."""

import shutil
from pathlib import Path

import onnx
import pytest

from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_FILE,
    WINDOW_HEAD_FILE,
    BundleMismatch,
    load_bundle,
    sha256_of,
    write_card,
)
from stf2m_ros.runtime.bundle_engines import BundleEngines, open_onnx_engines
from stf2m_ros.runtime.made_graphs import CPU_FILES, SOURCE_KEY, cpu_file

GRAPHS = pytest.mark.parametrize("graph_file", [FRAME_ENCODER_FILE, WINDOW_HEAD_FILE])


@pytest.fixture
def folder(tiny_bundle_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(str(tiny_bundle_folder), str(tmp_path / "bundle")))


def add_graph(folder: Path, graph_file: str, source_sha256: str) -> None:
    """The same graph once more, as if it had been made for ONNX Runtime."""
    model = onnx.load(str(folder / graph_file))
    model.metadata_props.add(key=SOURCE_KEY, value=source_sha256)
    onnx.save(model, str(folder / CPU_FILES[graph_file]))
    write_card(folder, load_bundle(folder).card)


def engine_of(engines: BundleEngines, graph_file: str):
    return engines.frame_encoder if graph_file == FRAME_ENCODER_FILE else engines.window_head


@GRAPHS
def test_a_bundle_without_a_graph_of_its_own_for_the_cpu_runs_the_one_for_all(folder: Path, graph_file: str) -> None:
    bundle = load_bundle(folder)
    assert cpu_file(bundle, graph_file) == graph_file
    open_onnx_engines(bundle).close()


@GRAPHS
def test_the_graph_for_the_cpu_is_taken_where_it_is_there(folder: Path, graph_file: str) -> None:
    add_graph(folder, graph_file, sha256_of(folder / graph_file))
    bundle = load_bundle(folder)
    assert cpu_file(bundle, graph_file) == CPU_FILES[graph_file]
    engines = open_onnx_engines(bundle)
    assert SOURCE_KEY in engine_of(engines, graph_file).metadata
    engines.close()


@GRAPHS
def test_a_graph_that_was_made_from_another_one_is_refused(folder: Path, graph_file: str) -> None:
    add_graph(folder, graph_file, 64 * "0")
    with pytest.raises(BundleMismatch, match=f"expected it to be made from {graph_file} of sha256 .*, found 0000"):
        open_onnx_engines(load_bundle(folder))
