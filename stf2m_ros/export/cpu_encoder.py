"""The frame encoder for ONNX Runtime: its 3x3 convolutions of stride 1 with fewer products, from stage 2 on.

    python -m stf2m_ros.export.cpu_encoder --bundle FOLDER

writes frame_encoder.cpu.onnx beside frame_encoder.onnx and lists it in the bundle's card, where the encoder is wide
enough to gain by it; elsewhere it takes such a file away. `train` does so by itself. TensorRT chooses its own way to
convolve, and keeps the plain graph. The file holds the same weights, in the same float16.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import onnx

from stf2m_ros.export.node_list import NodeList
from stf2m_ros.export.to_onnx import HALF_SUFFIX
from stf2m_ros.export.winograd import FOUR, TWO, Convolution, Form, convolve
from stf2m_ros.runtime.bundle import FRAME_ENCODER_CPU_FILE, FRAME_ENCODER_FILE, load_bundle, sha256_of, write_card
from stf2m_ros.runtime.made_graphs import SOURCE_KEY

NARROWEST = 64
"""Channels of the first stage. At 48 one face gains nothing, at 24 it loses a sixth (docs/benchmarks/network.md)."""

FORMS: Dict[int, Form] = {2: FOUR, 3: FOUR, 4: TWO}
"""Stage -> its form. In stage 1 the tiles cost one face more than the products; in stage 4 the weights do."""


def write_cpu_encoder(source: Path, target: Path, narrowest: int = NARROWEST) -> bool:
    """source: a frame encoder as export.to_onnx writes it. Returns whether it gains, and so was written."""
    model = onnx.load(str(source))
    shapes = {each.name: tuple(each.dims) for each in model.graph.initializer}
    first = next((node for node in model.graph.node if node.name == "/conv1/Conv"), None)
    if first is None or _shape(shapes, first)[0] < narrowest:
        target.unlink(missing_ok=True)
        return False
    size_px = model.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    for stage, form in FORMS.items():
        _rewrite(model.graph, stage, form, -(-size_px // 2 ** (stage + 1)))
    model.metadata_props.add(key=SOURCE_KEY, value=sha256_of(source))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(target))
    return True


def add_cpu_encoder(folder: Path) -> bool:
    """Puts the encoder for ONNX Runtime into a bundle, where it gains. Raises BundleMismatch."""
    bundle = load_bundle(folder)
    written = write_cpu_encoder(bundle.path(FRAME_ENCODER_FILE), folder / FRAME_ENCODER_CPU_FILE)
    write_card(folder, bundle.card)
    return written


def _rewrite(graph: onnx.GraphProto, stage: int, form: Form, size: int) -> None:
    """From the first block's second convolution to the end of the stage: the first one has a stride."""
    named, block = {node.name: node for node in graph.node}, f"/layer{stage}/layer{stage}."
    shortcut = named[f"{block}0/downsample/downsample.0/Conv"]
    convolutions = [named[f"{block}{name}/Conv"] for name in ("0/conv2", "1/conv1", "1/conv2")]
    sums = [named[f"{block}{name}"] for name in ("0/Add", "0/Relu_1", "1/Relu", "1/Add", "1/Relu_1")]
    nodes = NodeList(f"stage{stage}")
    shapes = {each.name: tuple(each.dims) for each in graph.initializer}
    second, third, fourth = (_convolution(shapes, node) for node in convolutions)
    x = _enter(nodes, convolutions[0].input[0], size)
    middle = convolve(nodes, x, second, form, size, _enter(nodes, shortcut.output[0], size))
    x = convolve(nodes, middle, third, form, size)
    x = nodes.reshape(convolve(nodes, x, fourth, form, size, middle), size, size, -1, fourth.channels)
    nodes.add("Transpose", x, perm=[2, 3, 0, 1])
    nodes.nodes[-1].output[0] = sums[-1].output[0]
    nodes.replace(graph, [*convolutions, *sums])


def _enter(nodes: NodeList, maps: str, size: int) -> str:
    """(N, channels, size, size) -> (size * size, N * channels)."""
    return nodes.reshape(nodes.add("Transpose", maps, perm=[2, 3, 0, 1]), size * size, -1)


def _convolution(shapes: Dict[str, Tuple[int, ...]], node: onnx.NodeProto) -> Convolution:
    channels, inputs = _shape(shapes, node)[:2]
    return Convolution(node.input[1], node.input[2], inputs, channels)


def _shape(shapes: Dict[str, Tuple[int, ...]], node: onnx.NodeProto) -> Tuple[int, ...]:
    """Of a convolution's weights, which may be stored as half."""
    name = node.input[1]
    return shapes[name] if name in shapes else shapes[name + HALF_SUFFIX]


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 also where the plain encoder is faster, 1 for what the user can mend; what was done is printed."""
    parser = argparse.ArgumentParser(prog="cpu_encoder", description="Add the encoder for ONNX Runtime to a bundle.")
    parser.add_argument("--bundle", type=Path, required=True)
    folder = parser.parse_args(argv).bundle
    try:
        written = add_cpu_encoder(folder)
    except (ValueError, OSError) as error:
        print(f"cpu_encoder: {error}", file=sys.stderr)
        return 1
    print(f"{folder / FRAME_ENCODER_CPU_FILE}: {'written' if written else f'not for less than {NARROWEST} channels'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
