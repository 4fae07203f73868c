"""The frame encoder with fewer products, made from the graph that is exported."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from stf2m_ros.export.cpu_encoder import NARROWEST, add_cpu_encoder, write_cpu_encoder
from stf2m_ros.export.to_onnx import export_feature_front_end
from stf2m_ros.net.frame_encoder import FeatureFrontEnd
from stf2m_ros.runtime.bundle import FRAME_ENCODER_CPU_FILE, FRAME_ENCODER_FILE, load_bundle, sha256_of
from stf2m_ros.runtime.folded_graph import fold_constants
from stf2m_ros.runtime.made_graphs import SOURCE_KEY
from stf2m_ros.runtime.onnx_engine import OnnxEngine


@pytest.fixture(scope="module")
def encoders(exported_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, Path]":
    """As exported, and for ONNX Runtime; narrow, so that the tests are quick."""
    target = tmp_path_factory.mktemp("cpu_encoder") / FRAME_ENCODER_CPU_FILE
    assert write_cpu_encoder(exported_folder / FRAME_ENCODER_FILE, target, narrowest=16)
    return exported_folder / FRAME_ENCODER_FILE, target


@pytest.mark.parametrize("faces", [1, 3])
def test_both_encoders_say_the_same(encoders: "tuple[Path, Path]", faces: int) -> None:
    batch = np.random.RandomState(0).randn(faces, 3, 112, 112).astype(np.float32)
    expected, found = (OnnxEngine(path).run({"faces": batch})["tokens"] for path in encoders)
    assert expected.shape == found.shape
    assert np.abs(expected - found).max() < 1e-5


def test_the_weights_are_spread_once_when_the_graph_is_loaded(encoders: "tuple[Path, Path]") -> None:
    graph = onnx.load_from_string(fold_constants(encoders[1])).graph
    folded = {each.name for each in graph.initializer}
    products = [node for node in graph.node if node.op_type in ("MatMul", "Gemm") and node.input[1] in folded]
    assert len(products) >= 3 * (36 + 36 + 16)
    assert Counter(node.op_type for node in graph.node)["Conv"] == 20 - 9


def test_it_is_hardly_larger_and_names_its_source(encoders: "tuple[Path, Path]") -> None:
    source, target = encoders
    assert target.stat().st_size < source.stat().st_size + 100_000
    assert OnnxEngine(target).metadata[SOURCE_KEY] == sha256_of(source)


def test_for_a_narrow_encoder_none_is_written_and_an_old_one_goes(exported_folder: Path, tmp_path: Path) -> None:
    target = tmp_path / FRAME_ENCODER_CPU_FILE
    target.write_bytes(b"of a wide encoder")
    assert NARROWEST > 16
    assert not write_cpu_encoder(exported_folder / FRAME_ENCODER_FILE, target)
    assert not target.exists()


def test_for_ready_features_none_is_written(tmp_path: Path) -> None:
    torch.manual_seed(0)
    export_feature_front_end(FeatureFrontEnd(35, 16, 64).eval(), tmp_path / FRAME_ENCODER_FILE)
    assert not write_cpu_encoder(tmp_path / FRAME_ENCODER_FILE, tmp_path / FRAME_ENCODER_CPU_FILE)


def test_a_bundle_whose_encoder_gains_nothing_stays_as_it_is(tiny_bundle_folder: Path) -> None:
    before = load_bundle(tiny_bundle_folder).card
    assert not add_cpu_encoder(tiny_bundle_folder)
    assert load_bundle(tiny_bundle_folder).card == before
