"""The window head for ONNX Runtime: its recurrence as one node, where the graph for all runtimes has six hundred.

    python -m stf2m_ros.export.cpu_head --bundle FOLDER

writes window_head.cpu.onnx beside window_head.onnx and lists it in the bundle's card. `train` does so by itself.
TensorRT makes a loop of the node, whose speed nobody knows, so it keeps the graph whose steps are written out; on one
window ONNX Runtime spends a quarter of the head's time on calling those steps.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
import onnx
from onnx import helper, numpy_helper

from stf2m_ros.export.fresh_segments import take_fresh_segments
from stf2m_ros.export.to_onnx import HALF_SUFFIX, store_weights_as_half
from stf2m_ros.runtime.bundle import WINDOW_HEAD_CPU_FILE, WINDOW_HEAD_FILE, load_bundle, sha256_of, write_card
from stf2m_ros.runtime.made_graphs import SOURCE_KEY

_STEPS = "/head/recurrent/"  # how the names of the recurrence's nodes begin
_RECUR, _RECUR_BIAS = "head.recurrent.recur", "head.recurrent.recur_bias"
_GATES = 3


class NoRecurrence(ValueError):  # noqa: N818
    """The graph is none that export.to_onnx wrote. One line: expected and found."""


def write_cpu_head(source: Path, target: Path) -> None:
    """source: a window head as export.to_onnx writes it. Raises NoRecurrence."""
    model = onnx.load(str(source))
    graph = model.graph
    steps = [node for node in graph.node if node.name.startswith(_STEPS)]
    read = [node for node in steps if node.name == f"{_STEPS}read/MatMul"]
    if not read:
        raise NoRecurrence(f"{source}: expected a node {_STEPS}read/MatMul, found none")
    arrays = _arrays(graph, read[0].input[1])
    inside = {name for node in steps for name in node.output}
    rest = [node for node in graph.node if not node.name.startswith(_STEPS)]
    said = {name for node in rest for name in node.input if name in inside}
    if len(said) != 1:
        raise NoRecurrence(f"{source}: expected one output of the steps to be read, found {sorted(said)}")
    first = min(place for place, node in enumerate(rest) if said & set(node.input))
    rest[first:first] = _gru(read[0].input[0], said.pop(), arrays[_RECUR].shape[0] // 2)
    del graph.node[:]
    graph.node.extend(rest)
    graph.initializer.extend(_weights(read[0].input[1], arrays))
    take_fresh_segments(graph)
    _drop_unused(graph)
    store_weights_as_half(model)
    # After the rounding: the biases of the state are not stored as half in the graph that this one is made from.
    graph.initializer.append(numpy_helper.from_array(_biases(arrays), "gru.biases"))
    model.metadata_props.add(key=SOURCE_KEY, value=sha256_of(source))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(target))


def add_cpu_head(folder: Path) -> None:
    """Puts the head for ONNX Runtime into a bundle. Raises BundleMismatch, NoRecurrence."""
    bundle = load_bundle(folder)
    write_cpu_head(bundle.path(WINDOW_HEAD_FILE), folder / WINDOW_HEAD_CPU_FILE)
    write_card(folder, bundle.card)


def _gru(x: str, said: str, hidden: int) -> List[onnx.NodeProto]:
    """x: (1, S, F).  said: (1, S, 2 * hidden)."""
    shape = numpy_helper.from_array(np.array([1, -1, 2 * hidden], np.int64))
    return [
        helper.make_node("Transpose", [x], ["gru.x"], "gru_segments_first", perm=[1, 0, 2]),
        helper.make_node(
            "GRU",
            ["gru.x", "gru.read", "gru.recur", "gru.biases"],
            ["gru.states"],  # (S, 2, 1, hidden)
            "gru",
            direction="bidirectional",
            hidden_size=hidden,
            linear_before_reset=1,
        ),
        helper.make_node("Transpose", ["gru.states"], ["gru.both"], "gru_directions_last", perm=[2, 0, 1, 3]),
        helper.make_node("Constant", [], ["gru.shape"], "gru_shape", value=shape),
        helper.make_node("Reshape", ["gru.both", "gru.shape"], [said], "gru_directions_joined"),
    ]


def _weights(read: str, arrays: Dict[str, np.ndarray]) -> List[onnx.TensorProto]:
    """ONNX has the gates in our order: update, reset, new."""
    hidden = arrays[_RECUR].shape[0] // 2
    reads = np.stack(np.split(arrays[read].T, 2))  # (2, 3 * hidden, F)
    apart = arrays[_RECUR].reshape(2, hidden, _GATES, 2, hidden)
    recurs = [apart[each, :, :, each].reshape(hidden, _GATES * hidden).T for each in (0, 1)]
    named = {"gru.read": reads, "gru.recur": np.stack(recurs)}
    return [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in named.items()]


def _biases(arrays: Dict[str, np.ndarray]) -> np.ndarray:
    """(2, 6 * hidden): of what is read, then of the state; only its new values have one."""
    reads = arrays["head.recurrent.read.bias"].reshape(2, -1)
    states = np.zeros_like(reads)
    states[:, -reads.shape[1] // _GATES :] = arrays[_RECUR_BIAS].reshape(2, -1)
    return np.concatenate([reads, states], axis=1)


def _arrays(graph: onnx.GraphProto, read: str) -> Dict[str, np.ndarray]:
    """The recurrence's weights by name, float32 also where half of that is stored. Raises NoRecurrence."""
    stored = {each.name: each for each in graph.initializer}
    found = {}
    for name in (read, "head.recurrent.read.bias", _RECUR, _RECUR_BIAS):
        weight = stored.get(name) or stored.get(name + HALF_SUFFIX)
        if weight is None:
            raise NoRecurrence(f"window head: expected a weight {name}, found none")
        found[name] = numpy_helper.to_array(weight).astype(np.float32)
    return found


def _drop_unused(graph: onnx.GraphProto) -> None:
    """What only the steps read: casts, constants, weights."""
    while True:
        used = {name for node in graph.node for name in node.input} | {each.name for each in graph.output}
        unused = [node for node in graph.node if not used & set(node.output)]
        for node in unused:
            graph.node.remove(node)
        if not unused:
            break
    for weight in [each for each in graph.initializer if each.name not in used]:
        graph.initializer.remove(weight)


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when the bundle holds the head, 1 for what the user can mend."""
    parser = argparse.ArgumentParser(prog="cpu_head", description="Add the window head for ONNX Runtime to a bundle.")
    parser.add_argument("--bundle", type=Path, required=True)
    folder = parser.parse_args(argv).bundle
    try:
        add_cpu_head(folder)
    except (ValueError, OSError) as error:
        print(f"cpu_head: {error}", file=sys.stderr)
        return 1
    print(f"{folder / WINDOW_HEAD_CPU_FILE}: {(folder / WINDOW_HEAD_CPU_FILE).stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
