"""The window head with its recurrence in one node, made from the graph that is exported."""

from pathlib import Path
from typing import Dict

import numpy as np
import onnx
import pytest

from stf2m_ros.export.cpu_head import NoRecurrence, write_cpu_head
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_CPU_FILE, WINDOW_HEAD_FILE, sha256_of
from stf2m_ros.runtime.folded_graph import fold_constants
from stf2m_ros.runtime.made_graphs import SOURCE_KEY
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.runtime.remembering_head import RememberingHead, open_head


@pytest.fixture(scope="module")
def heads(exported_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, Path]":
    """As exported, and for ONNX Runtime."""
    target = tmp_path_factory.mktemp("cpu_head") / WINDOW_HEAD_CPU_FILE
    write_cpu_head(exported_folder / WINDOW_HEAD_FILE, target)
    return exported_folder / WINDOW_HEAD_FILE, target


def test_both_heads_say_the_same_from_hop_to_hop(
    heads: "tuple[Path, Path]", head_inputs: Dict[str, np.ndarray]
) -> None:
    whole, remembering = (open_head(path) for path in heads)
    assert isinstance(remembering, RememberingHead)
    assert whole.input_shapes == remembering.input_shapes
    for _ in range(3):
        expected, found = whole.run(head_inputs), remembering.run(head_inputs)
        assert expected.keys() == found.keys()
        for name, values in expected.items():
            assert np.abs(values - found[name]).max() < 1e-5, name
        moved = {name: np.roll(head_inputs[name], -5, axis=1) for name in ("tokens", "frame_presence")}
        head_inputs = {**head_inputs, **moved}


def test_a_head_that_is_as_they_were_once_is_still_shown_everything(
    exported_folder: Path, head_inputs: Dict[str, np.ndarray], tmp_path: Path
) -> None:
    model = onnx.load(str(exported_folder / WINDOW_HEAD_FILE))
    for node in model.graph.node:
        node.name = node.name.replace("/pool/gate/", "/pool/gate/linear/")
    onnx.save(model, str(tmp_path / WINDOW_HEAD_FILE))
    write_cpu_head(tmp_path / WINDOW_HEAD_FILE, tmp_path / WINDOW_HEAD_CPU_FILE)
    whole, found = (open_head(tmp_path / name) for name in (WINDOW_HEAD_FILE, WINDOW_HEAD_CPU_FILE))
    assert isinstance(found, OnnxEngine)
    assert found.run(head_inputs)["logits"] == pytest.approx(whole.run(head_inputs)["logits"], abs=1e-5)


def test_the_recurrence_is_one_node(heads: "tuple[Path, Path]") -> None:
    many, few = (onnx.load_from_string(fold_constants(path)).graph.node for path in heads)
    assert [node.op_type for node in few].count("GRU") == 1
    assert len(few) < len(many) / 3


def test_it_is_no_larger_and_names_its_source(heads: "tuple[Path, Path]") -> None:
    source, target = heads
    assert target.stat().st_size < source.stat().st_size
    assert OnnxEngine(target).metadata[SOURCE_KEY] == sha256_of(source)


def test_a_graph_without_the_recurrence_is_refused(exported_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NoRecurrence, match="expected a node /head/recurrent/read/MatMul, found none"):
        write_cpu_head(exported_folder / FRAME_ENCODER_FILE, tmp_path / "head.onnx")
