import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from measuring.network_part import measure_network, operations_of, take_turns, vector_extensions  # noqa: E402

from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig  # noqa: E402


def test_operations_are_those_of_resnet_18_at_112_pixels() -> None:
    """The widely told 1.82 G multiplications at 224 pixels, a quarter of them, doubled, and 4x4 cells for 3.5x3.5."""
    with torch.no_grad():
        assert operations_of(FrameEncoder(FrameEncoderConfig(64)).eval()) / 1e9 == pytest.approx(0.97, abs=0.01)


def test_rivals_take_turns() -> None:
    order = []
    wall, cpu = take_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2)
    assert "".join(order) == "ababab"  # the first of each warms up
    assert wall.keys() == cpu.keys() == {"a", "b"}


def test_the_processor_s_8_bit_products_are_named(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("flags : fpu avx512_vnni amx_int8\n")
    assert vector_extensions(tmp_path / "cpuinfo") == "amx_int8 and avx512_vnni"
    (tmp_path / "cpuinfo").write_text("flags : fpu\n")
    assert vector_extensions(tmp_path / "cpuinfo") == "neither VNNI nor AMX"


def test_every_figure_of_the_network_is_measured() -> None:
    figures, full = measure_network(1, rounds=1, compiled=False, width=8)
    names = {each.name for each in figures}
    assert {"ONNX Runtime against the matrix product", "encoding a window anew against streaming"} <= names
    assert any(name.startswith("int8 against fp32, with ") for name in names)
    assert full.encoder_cpu_ms > 0
    assert full.head_cpu_ms > 0
