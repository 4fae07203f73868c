from dataclasses import replace
from pathlib import Path

import pytest

from stf2m_ros.runtime.bundle import BundleMismatch, load_bundle
from stf2m_ros.runtime.bundle_engines import open_onnx_engines, window_head_shapes
from stf2m_ros.runtime.card import TokenShape, WindowGrid
from stf2m_ros.runtime.engine import WINDOW_HEAD_INPUTS, WINDOW_HEAD_OUTPUTS


def test_both_graphs_of_a_bundle_open(tiny_bundle_folder: Path) -> None:
    engines = open_onnx_engines(load_bundle(tiny_bundle_folder), threads=1)
    assert tuple(engines.window_head.input_shapes) == WINDOW_HEAD_INPUTS
    assert tuple(engines.window_head.output_shapes) == WINDOW_HEAD_OUTPUTS
    engines.close()


def test_the_card_describes_every_tensor_of_the_head(tiny_bundle_folder: Path) -> None:
    inputs, outputs = window_head_shapes(load_bundle(tiny_bundle_folder).card)
    assert tuple(inputs) == WINDOW_HEAD_INPUTS
    assert tuple(outputs) == WINDOW_HEAD_OUTPUTS


def test_a_card_of_another_window_is_a_mismatch(tiny_bundle_folder: Path) -> None:
    bundle = load_bundle(tiny_bundle_folder)
    shorter = replace(bundle, card=replace(bundle.card, grid=WindowGrid(span_s=20.0)))
    with pytest.raises(BundleMismatch, match=r"tokens: expected shape \(1, 200, 16, 64\), found \(1, 300, "):
        open_onnx_engines(shorter)


def test_a_card_of_other_tokens_is_a_mismatch(tiny_bundle_folder: Path) -> None:
    bundle = load_bundle(tiny_bundle_folder)
    wider = replace(bundle, card=replace(bundle.card, tokens=TokenShape(token_dim=128)))
    with pytest.raises(BundleMismatch, match="output tokens: expected shape"):
        open_onnx_engines(wider)


def test_exchanged_graphs_are_a_mismatch(bundle_folder: Path) -> None:
    bundle = load_bundle(bundle_folder)
    (bundle_folder / "frame_encoder.onnx").write_bytes((bundle_folder / "window_head.onnx").read_bytes())
    with pytest.raises(BundleMismatch, match="inputs: expected faces, found frame_presence, fuzzy_ranges"):
        open_onnx_engines(bundle)


def test_a_graph_that_cannot_be_parsed_is_a_mismatch(bundle_folder: Path) -> None:
    bundle = load_bundle(bundle_folder)
    (bundle_folder / "window_head.onnx").write_bytes(b"nonsense")
    with pytest.raises(BundleMismatch, match="window_head.onnx: expected an ONNX graph, found"):
        open_onnx_engines(bundle)
