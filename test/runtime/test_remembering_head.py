"""The window head that is shown only what is new, against one that is shown everything."""

from pathlib import Path
from typing import Dict

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from stf2m_ros.runtime.onnx_engine import EngineInputError, OnnxEngine
from stf2m_ros.runtime.remembering_head import RememberingHead, open_head

SEGMENTS, LENGTH, REGIONS, DIM = 4, 5, 2, 3


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Sums each region over a segment, and tells how many segments it was shown."""
    shapes = {
        "fresh_tokens": ["fresh", LENGTH, REGIONS, DIM],
        "fresh_presence": ["fresh", LENGTH],
        "pooled": ["known", REGIONS, DIM],
        "frame_presence": [1, SEGMENTS * LENGTH],
        "words": [1, SEGMENTS, 7],
    }
    nodes = [
        helper.make_node("Constant", [], ["axes"], value_ints=[2, 3]),
        helper.make_node("Unsqueeze", ["fresh_presence", "axes"], ["seen"]),
        helper.make_node("Mul", ["fresh_tokens", "seen"], ["masked"]),
        helper.make_node("Constant", [], ["one"], value_ints=[1]),
        helper.make_node("ReduceSum", ["masked", "one"], ["fresh_pooled"], keepdims=0),
        helper.make_node("Concat", ["pooled", "fresh_pooled"], ["sums"], axis=0),
        helper.make_node("Shape", ["fresh_pooled"], ["shape"], end=1),
        helper.make_node("Cast", ["shape"], ["shown"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["frame_presence"], ["seen_slots"]),
        helper.make_node("ReduceSum", ["words"], ["said"]),
    ]
    outputs = {
        "sums": [SEGMENTS, REGIONS, DIM],
        "shown": [1],
        "seen_slots": [1, 1],
        "said": [1, 1, 1],
        "fresh_pooled": ["fresh", REGIONS, DIM],
    }
    inputs, said = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in each.items()]
        for each in (shapes, outputs)
    )
    model = helper.make_model(
        helper.make_graph(nodes, "head", inputs, said), opset_imports=[helper.make_opsetid("", 16)], ir_version=8
    )
    onnx.save(model, str(tmp_path / "head.onnx"))
    return tmp_path / "head.onnx"


@pytest.fixture
def head(graph: Path) -> RememberingHead:
    opened = open_head(graph)
    assert isinstance(opened, RememberingHead)
    return opened


@pytest.fixture
def stream() -> Dict[str, np.ndarray]:
    random = np.random.RandomState(0)
    tokens, presence = random.randn(200, REGIONS, DIM), random.rand(200) < 0.7
    return {"tokens": tokens.astype(np.float32), "presence": presence.astype(np.float32)}


def window(stream: Dict[str, np.ndarray], first: int) -> Dict[str, np.ndarray]:
    """The window whose oldest segment is that one of the stream."""
    slots = slice(first * LENGTH, (first + SEGMENTS) * LENGTH)
    words = np.zeros((1, SEGMENTS, 7), np.float32)
    return {"tokens": stream["tokens"][slots][None], "frame_presence": stream["presence"][slots][None], "words": words}


def sums(inputs: Dict[str, np.ndarray]) -> np.ndarray:
    masked = inputs["tokens"][0] * inputs["frame_presence"][0, :, None, None]
    return masked.reshape(SEGMENTS, LENGTH, REGIONS, DIM).sum(axis=1)


def test_from_hop_to_hop_it_shows_one_segment_and_says_the_same(head: RememberingHead, stream: dict) -> None:
    for first in range(3 * SEGMENTS):
        inputs = window(stream, first)
        outputs = head.run(inputs)
        assert outputs["sums"] == pytest.approx(sums(inputs), abs=1e-5)
        assert outputs["shown"] == (SEGMENTS if first == 0 else 1)


def test_a_window_that_is_nowhere_near_the_last_one_is_shown_whole(head: RememberingHead, stream: dict) -> None:
    head.run(window(stream, 0))
    for first in (3, 3, 1):
        outputs = head.run(window(stream, first))
        assert outputs["shown"] == SEGMENTS
        assert outputs["sums"] == pytest.approx(sums(window(stream, first)), abs=1e-5)


@pytest.mark.parametrize("what", ["tokens", "presence"])
def test_what_came_late_is_shown_with_all_behind_it(head: RememberingHead, stream: dict, what: str) -> None:
    head.run(window(stream, 0))
    stream[what][2 * LENGTH] += 1
    outputs = head.run(window(stream, 1))
    assert outputs["shown"] == 3
    assert outputs["sums"] == pytest.approx(sums(window(stream, 1)), abs=1e-5)


def test_tokens_that_are_written_over_in_place_are_seen(head: RememberingHead, stream: dict) -> None:
    """The caller's memory is a ring that lives on: what was shown is kept apart."""
    inputs = window(stream, 0)
    head.run(inputs)
    inputs["tokens"][:] = window(stream, 1)["tokens"]
    inputs["frame_presence"] = window(stream, 1)["frame_presence"]
    assert head.run(inputs)["sums"] == pytest.approx(sums(inputs), abs=1e-5)


def test_a_run_that_fails_leaves_nothing_half_known(head: RememberingHead, stream: dict) -> None:
    head.run(window(stream, 0))
    with pytest.raises(EngineInputError):
        head.run({**window(stream, 1), "words": np.zeros((1, 1, 7), np.float32)})
    outputs = head.run(window(stream, 2))
    assert outputs["sums"] == pytest.approx(sums(window(stream, 2)), abs=1e-5)


def test_a_window_that_moves_by_two_segments_shows_two(graph: Path, stream: dict) -> None:
    head = open_head(graph, hop_segments=2)
    assert [int(head.run(window(stream, first))["shown"][0]) for first in (0, 2, 4, 6)] == [SEGMENTS, 2, 2, 2]


@pytest.mark.parametrize("hop", [SEGMENTS, SEGMENTS + 1, 3 * SEGMENTS])
def test_windows_that_share_no_segment_are_shown_whole(graph: Path, stream: dict, hop: int) -> None:
    head = open_head(graph, hop_segments=hop)
    for first in range(0, 3 * hop, hop):
        outputs = head.run(window(stream, first))
        assert outputs["shown"] == SEGMENTS
        assert outputs["sums"] == pytest.approx(sums(window(stream, first)), abs=1e-5)


def test_it_takes_and_gives_what_the_graph_for_all_does(head: RememberingHead) -> None:
    assert head.input_shapes == {
        "tokens": (1, SEGMENTS * LENGTH, REGIONS, DIM),
        "frame_presence": (1, SEGMENTS * LENGTH),
        "words": (1, SEGMENTS, 7),
    }
    assert list(head.output_shapes) == ["sums", "shown", "seen_slots", "said"]


def test_wrong_inputs_are_refused(head: RememberingHead, stream: dict) -> None:
    inputs = window(stream, 0)
    with pytest.raises(EngineInputError, match="expected the inputs"):
        head.run({"tokens": inputs["tokens"]})
    with pytest.raises(EngineInputError, match=r"tokens: expected \(1, 20, 2, 3\) float32, found \(1, 19, 2, 3\)"):
        head.run({**inputs, "tokens": inputs["tokens"][:, 1:]})


def test_a_closed_head_says_so(head: RememberingHead, stream: dict) -> None:
    head.close()
    head.close()
    with pytest.raises(RuntimeError, match="closed"):
        head.run(window(stream, 0))


def test_a_head_without_a_memory_is_opened_as_it_is(tiny_bundle_folder: Path) -> None:
    assert isinstance(open_head(tiny_bundle_folder / "window_head.onnx"), OnnxEngine)
