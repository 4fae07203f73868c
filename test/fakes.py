"""Small real stand-ins for tests and benchmarks. `python test/fakes.py OUT_DIR` writes the tiny bundle."""

import shutil
import sys
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Sequence, Tuple, Union

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs as a script, from anywhere
from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_FILE,
    LAST_LAYER_FILE,
    RULES_FILE,
    TEXT_TABLE_FILE,
    WINDOW_HEAD_FILE,
    write_card,
)
from stf2m_ros.runtime.card import BundleCard, TextSettings, TokenShape, WindowGrid
from stf2m_ros.stream.face_observation import FaceObservation

REPOSITORY = Path(__file__).resolve().parents[1]
OPSET = 16
TOKENS = TokenShape()
GRID = WindowGrid()
TEXT = TextSettings(buckets=256, rank=8)
MAX_RULES = 64
TINY_CAVEAT = "random weights, for tests only"


class RecordingEngine:
    """Answers with fixed arrays and remembers what it was asked, so that a test can count calls."""

    def __init__(self, outputs: Mapping[str, np.ndarray]) -> None:
        self.outputs = dict(outputs)
        self.calls: List[Dict[str, np.ndarray]] = []
        self.closed = False

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        self.calls.append({name: np.array(value) for name, value in inputs.items()})
        return self.outputs

    def close(self) -> None:
        self.closed = True


class CountingEngine:
    """A real engine that counts its calls."""

    def __init__(self, engine: object) -> None:
        self.engine = engine
        self.calls = 0

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        self.calls += 1
        return self.engine.run(inputs)

    def close(self) -> None:
        self.engine.close()


class ScriptedCropper:
    """Sees what the test says: always the same, or what a function of the stamp says."""

    def __init__(self, what: Union[FaceObservation, Callable[[float], FaceObservation]]) -> None:
        self._see = what if callable(what) else lambda stamp_s: what
        self._once: List[Tuple[float, FaceObservation]] = []
        self.stamps_s: List[float] = []
        self.resets = 0

    def say_once(self, since_s: float, what: FaceObservation) -> None:
        """At the first image from since_s on."""
        self._once.append((since_s, what))

    def locate(self, stamp_s: float, image_rgb: np.ndarray) -> FaceObservation:
        self.stamps_s.append(stamp_s)
        if self._once and stamp_s >= self._once[0][0]:
            return self._once.pop(0)[1]
        return self._see(stamp_s)

    def reset(self) -> None:
        self.resets += 1


def write_tiny_bundle(folder: Path, text: TextSettings = TEXT) -> Path:
    """A complete bundle with real ONNX graphs of the real tensor names and shapes, and random weights."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(0)
    _save(tiny_frame_encoder(random), folder / FRAME_ENCODER_FILE)
    _save(tiny_window_head(random, text), folder / WINDOW_HEAD_FILE)
    buckets = random.randn(text.buckets, text.rank).astype(np.float16)
    projection = random.randn(text.rank, text.dim).astype(np.float16)
    np.savez(folder / TEXT_TABLE_FILE, buckets=buckets, projection=projection)
    weight = random.randn(len(CLASS_NAMES), TOKENS.embedding_dim + 1).astype(np.float32)
    np.savez(folder / LAST_LAYER_FILE, weight=weight)
    shutil.copyfile(REPOSITORY / "config" / "rules" / "facs.yaml", folder / RULES_FILE)
    write_card(folder, tiny_card(text))
    return folder


def tiny_card(text: TextSettings = TEXT) -> BundleCard:
    return BundleCard(
        name="tiny",
        model_version="0",
        caveat=TINY_CAVEAT,
        files={},
        classes=CLASS_NAMES,
        components=tuple(COMPONENTS),
        text=text,
        training={"explanations": "unvalidated"},
    )


def tiny_frame_encoder(random: np.random.RandomState) -> onnx.ModelProto:
    """The mean colour of each of 16 fields of the face, projected: a picture's change changes its tokens."""
    size = 112
    side = round(TOKENS.regions**0.5)
    nodes = [
        helper.make_node(
            "AveragePool", ["faces"], ["fields"], kernel_shape=[size // side] * 2, strides=[size // side] * 2
        ),
        helper.make_node("Transpose", ["fields"], ["channels_last"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["channels_last", "rows"], ["colours"]),
        helper.make_node("MatMul", ["colours", "projection"], ["tokens"]),
    ]
    constants = {
        "rows": np.array([-1, TOKENS.regions, 3], np.int64),
        "projection": random.randn(3, TOKENS.token_dim).astype(np.float32),
    }
    inputs = [("faces", ["N", 3, size, size])]
    return _model("frame_encoder", nodes, constants, inputs, [("tokens", ["N", TOKENS.regions, TOKENS.token_dim])])


def tiny_window_head(random: np.random.RandomState, text: TextSettings = TEXT) -> onnx.ModelProto:
    """Means over each segment, a tanh layer for the components, rules by distance: every input matters."""
    slots, segments, embedding = GRID.slots, GRID.segments, TOKENS.embedding_dim
    token_dim = TOKENS.token_dim
    inputs = [
        ("tokens", [1, slots, TOKENS.regions, token_dim]),
        ("frame_presence", [1, slots]),
        ("words", [1, segments, text.dim]),
        ("word_presence", [1, segments]),
        ("rule_codes", [MAX_RULES, 12]),
        ("rule_weights", [MAX_RULES, 12]),
        ("rule_free", [MAX_RULES]),
        ("rule_emotion", [MAX_RULES, 7]),
        ("rule_level", [MAX_RULES, 3]),
        ("fuzzy_ranges", [2]),
        ("last_layer", [len(CLASS_NAMES), embedding + 1]),
    ]
    outputs = [
        ("logits", [1, segments, len(CLASS_NAMES)]),
        ("memberships", [1, segments, len(CLASS_NAMES)]),
        ("components", [1, segments, 12]),
        ("firing", [1, segments, MAX_RULES]),
        ("embedding", [1, segments, embedding]),
    ]
    constants = {
        "axis_1": np.array([1], np.int64),
        "axis_2": np.array([2], np.int64),
        "axis_last": np.array([-1], np.int64),
        "by_segment": np.array([1, segments, GRID.slots_per_segment, token_dim], np.int64),
        "by_class": np.array([MAX_RULES, 18], np.int64),
        "text_projection": (random.randn(text.dim, embedding - token_dim) / text.dim**0.5).astype(np.float32),
        "component_projection": (random.randn(embedding, 12) / embedding**0.5).astype(np.float32),
        "ones": np.ones((1, segments, 1), np.float32),
        "third": np.array(1 / 3, np.float32),
        "emotion_columns": np.array([0, 6, 6, 7], np.int64),
        "zero": np.array([0], np.int64),
        "six": np.array([6], np.int64),
        "seven": np.array([7], np.int64),
        "first": np.array([0], np.int64),
        "second": np.array([1], np.int64),
        "minus_one": np.array(-1.0, np.float32),
    }
    return _model("window_head", _head_nodes(), constants, inputs, outputs)


def _head_nodes() -> List[onnx.NodeProto]:
    node = helper.make_node
    embedding = [
        node("ReduceMean", ["tokens"], ["faces"], axes=[2], keepdims=0),
        node("Unsqueeze", ["frame_presence", "axis_2"], ["frame_mask"]),
        node("Mul", ["faces", "frame_mask"], ["present_faces"]),
        node("Reshape", ["present_faces", "by_segment"], ["segment_faces"]),
        node("ReduceMean", ["segment_faces"], ["visual"], axes=[2], keepdims=0),
        node("Unsqueeze", ["word_presence", "axis_2"], ["word_mask"]),
        node("Mul", ["words", "word_mask"], ["present_words"]),
        node("MatMul", ["present_words", "text_projection"], ["textual"]),
        node("Concat", ["visual", "textual"], ["embedding"], axis=2),
        node("Concat", ["embedding", "ones"], ["biased"], axis=2),
        node("Transpose", ["last_layer"], ["last_layer_t"], perm=[1, 0]),
        node("MatMul", ["biased", "last_layer_t"], ["logits"]),
        node("MatMul", ["embedding", "component_projection"], ["component_logits"]),
        node("Tanh", ["component_logits"], ["components"]),
    ]
    rules = [
        node("Unsqueeze", ["components", "axis_2"], ["states"]),
        node("Sub", ["states", "rule_codes"], ["residual"]),
        node("Mul", ["residual", "residual"], ["squared"]),
        node("Mul", ["squared", "rule_weights"], ["weighted"]),
        node("ReduceMean", ["weighted"], ["distance"], axes=[3], keepdims=0),
        node("Slice", ["fuzzy_ranges", "zero", "second"], ["component_range"]),
        node("Mul", ["component_range", "component_range"], ["squared_range"]),
        node("Div", ["distance", "squared_range"], ["scaled"]),
        node("Mul", ["scaled", "minus_one"], ["log_firing"]),
        node("Exp", ["log_firing"], ["any_firing"]),
        node("ReduceMax", ["rule_emotion"], ["active"], axes=[1], keepdims=0),
        node("Mul", ["any_firing", "active"], ["firing"]),
    ]
    memberships = [
        node("Mul", ["rule_free", "third"], ["shared_level"]),
        node("Unsqueeze", ["shared_level", "axis_1"], ["shared_levels"]),
        node("Add", ["rule_level", "shared_levels"], ["levels"]),
        node("Unsqueeze", ["levels", "axis_1"], ["level_row"]),
        node("Slice", ["rule_emotion", "zero", "six", "axis_1"], ["emotions"]),
        node("Unsqueeze", ["emotions", "axis_2"], ["emotion_column"]),
        node("Mul", ["emotion_column", "level_row"], ["cells"]),
        node("Reshape", ["cells", "by_class"], ["eighteen"]),
        node("Slice", ["rule_emotion", "six", "seven", "axis_1"], ["neutral"]),
        node("Concat", ["eighteen", "neutral"], ["class_of_rule"], axis=1),
        node("MatMul", ["firing", "class_of_rule"], ["sums"]),
        node("Slice", ["fuzzy_ranges", "second", "axis_2"], ["intensity_range"]),
        node("Mul", ["sums", "intensity_range"], ["ranged"]),
        node("Tanh", ["ranged"], ["memberships"]),
    ]
    return embedding + rules + memberships


def _model(
    name: str,
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, np.ndarray],
    inputs: Sequence[Tuple[str, list]],
    outputs: Sequence[Tuple[str, list]],
) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        list(nodes),
        name,
        [helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each, shape in inputs],
        [helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each, shape in outputs],
        [numpy_helper.from_array(array, each) for each, array in constants.items() if each in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def _save(model: onnx.ModelProto, path: Path) -> None:
    path.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    print(write_tiny_bundle(Path(sys.argv[1])))
