"""The window's tokens wherever they are: what the head hears of them is the same."""

from pathlib import Path
from typing import Dict, Tuple

import numpy as np
import pytest
from gpu_rig import ONNX, GpuRig

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE
from stf2m_ros.runtime.bundle_engines import open_onnx_engines, token_rows
from stf2m_ros.runtime.fast_engines import FastEngines
from stf2m_ros.runtime.switched_tokens import SwitchedTokens
from stf2m_ros.runtime.token_store import HostTokens

WINDOW_BYTES = 300 * 16 * 64 * 4
ROW_BYTES = 16 * 64 * 4
FACE_BYTES = 3 * 112 * 112 * 4
Outputs = Dict[str, np.ndarray]


class Twins:
    """Tokens on a switch, and the same on ONNX Runtime alone."""

    def __init__(self, rig: GpuRig, looks: int = 3) -> None:
        self.rig, self.switch = rig, rig.open(looks)
        self.shape = token_rows(rig.bundle.card)
        self.tokens = SwitchedTokens(self.switch, self.shape)
        onnx = open_onnx_engines(rig.bundle)
        self.onnx = HostTokens(onnx.frame_encoder, onnx.window_head, self.shape)
        self.inputs = {name: value for name, value in rig.inputs[WINDOW_HEAD_FILE].items() if name != "tokens"}

    def encode(self, *rows: int) -> None:
        for row in rows:
            faces = face(row)
            self.tokens.encode(faces, row)
            faces.fill(np.nan)  # the caller's to use again
            self.onnx.encode(face(row), row)

    def judge(self, begin: int = 0) -> Tuple[Outputs, Outputs]:
        """By the switch's tokens, by ONNX Runtime alone; of a window with a hole and a face that stands for two."""
        rows, held = np.arange(begin, begin + 300) % self.shape[0], np.ones(300, bool)
        rows[5] = rows[4]
        held[7:9] = False
        inputs = {**self.inputs, "frame_presence": held.astype(np.float32)[None]}
        return self.tokens.judge(rows, held, inputs), self.onnx.judge(rows, held, inputs)

    def assert_agree(self, begin: int = 0) -> None:
        found, expected = self.judge(begin)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, atol=1e-4)


@pytest.fixture
def rig(tiny_bundle_folder: Path, tmp_path: Path) -> GpuRig:
    return GpuRig(tiny_bundle_folder, tmp_path / "engines")


@pytest.fixture
def on_gpu(rig: GpuRig) -> Twins:
    """Engines stand in the cache, so that the GPU serves from the start."""
    rig.build()
    return Twins(rig)


def face(number: int) -> np.ndarray:
    return np.random.RandomState(number).randn(1, 3, 112, 112).astype(np.float32)


def test_on_the_gpu_a_window_is_judged_as_on_the_cpu(on_gpu: Twins) -> None:
    on_gpu.encode(0, 1, 4, 5, 7, 250)
    on_gpu.assert_agree()
    on_gpu.encode(3, 300, 335)
    on_gpu.assert_agree(begin=120)  # over the end of the ring
    assert on_gpu.switch.status.engine == "tensorrt-fp16"


def test_tokens_stay_on_the_device(on_gpu: Twins) -> None:
    on_gpu.encode(0)
    on_gpu.judge()
    copied = on_gpu.rig.driver.copied_bytes
    on_gpu.encode(1)
    assert on_gpu.rig.driver.copied_bytes - copied == FACE_BYTES + ROW_BYTES  # the face there, its shadow back
    copied = on_gpu.rig.driver.copied_bytes
    on_gpu.judge()
    assert on_gpu.rig.driver.copied_bytes - copied < WINDOW_BYTES / 2


def test_encoding_returns_before_the_gpu_is_done(on_gpu: Twins) -> None:
    on_gpu.encode(0)
    assert any(stream.touched for stream in on_gpu.rig.driver.streams.values())
    on_gpu.judge()
    assert not any(stream.touched for stream in on_gpu.rig.driver.streams.values())


def test_no_memory_is_taken_once_the_engines_are_open(on_gpu: Twins) -> None:
    before = on_gpu.rig.driver.allocations
    on_gpu.encode(0, 1, 2)
    on_gpu.judge()
    assert on_gpu.rig.driver.allocations == before


def test_going_over_takes_the_window_along(rig: GpuRig) -> None:
    twins = Twins(rig, looks=6)
    twins.encode(0, 1, 2, 3)
    assert twins.switch.status.engine == ONNX
    twins.encode(4, 5, 6)
    assert twins.switch.status.engine == "tensorrt-fp16"
    twins.assert_agree()


@pytest.mark.parametrize("what", ["cuMemcpyHtoDAsync failed: out of memory", "an illegal memory access"])
@pytest.mark.parametrize("faces_after", [0, 1])
def test_a_failure_in_flight_loses_nothing_not_even_the_face_under_way(
    on_gpu: Twins, what: str, faces_after: int, caplog: pytest.LogCaptureFixture
) -> None:
    on_gpu.encode(0, 1, 2)  # the last of them is under way
    on_gpu.rig.driver.fault = what
    on_gpu.encode(*range(3, 3 + faces_after))
    on_gpu.assert_agree()
    assert (on_gpu.switch.status.engine, on_gpu.switch.status.degraded) == (ONNX, True)
    assert len(caplog.records) == 1
    assert what in caplog.text
    on_gpu.encode(9)
    on_gpu.assert_agree()
    assert on_gpu.rig.nothing_is_left()


def test_a_run_that_tensorrt_refuses_in_flight_loses_nothing(on_gpu: Twins) -> None:
    on_gpu.encode(0, 1)
    on_gpu.rig.trt.refuses = "execute"
    on_gpu.encode(2)
    assert on_gpu.switch.status.engine == ONNX
    on_gpu.assert_agree()
    assert on_gpu.rig.nothing_is_left()


def test_what_overflows_on_the_gpu_is_judged_by_onnx_runtime(on_gpu: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    on_gpu.encode(0, 1)
    results = FastEngines.window_results
    spoiled = {"logits": np.full((1, 60, 19), np.nan, np.float32)}
    monkeypatch.setattr(FastEngines, "window_results", lambda fast: {**results(fast), **spoiled})
    on_gpu.assert_agree()
    assert (on_gpu.switch.status.engine, on_gpu.switch.status.degraded) == (ONNX, True)
    assert on_gpu.rig.nothing_is_left()


def test_too_little_memory_for_the_tokens_at_start_falls_back(rig: GpuRig) -> None:
    rig.build()
    rig.driver.memory_bytes = 5_000_000  # enough for both engines
    twins = Twins(rig)
    assert "no memory for 1228800 bytes: cuMemAlloc failed: out of memory" in twins.switch.status.text
    twins.encode(0)
    twins.assert_agree()
    assert rig.nothing_is_left()


def test_tokens_of_engines_of_different_precision_stand_in_one_window_as_they_are(rig: GpuRig) -> None:
    """The rounding of a row's encoder stays in that row, wherever the window is judged and whatever comes after."""
    half_error = 0.005
    twins = Twins(rig, looks=4)
    twins.encode(0, 1, 2)
    twins.switch.tend()  # goes over
    rig.trt.skew = half_error
    twins.encode(3, 4, 6)
    twins.judge()  # until then the last face is under way, and so is its rounding
    rig.trt.skew = 0.0
    for row in (3, 4, 6):
        twins.onnx.keep(row, twins.onnx.rows[row] + half_error)
    twins.assert_agree()
    rig.driver.fault = "out of memory"
    twins.assert_agree()
    assert twins.switch.status.engine == ONNX
    np.testing.assert_allclose(twins.tokens._host.rows, twins.onnx.rows, atol=1e-5)


def test_where_cpu_and_gpu_share_their_memory_faces_and_words_are_not_copied(
    tiny_bundle_folder: Path, tmp_path: Path
) -> None:
    rig = GpuRig(tiny_bundle_folder, tmp_path / "engines", integrated=True)
    rig.build()
    twins = Twins(rig)
    twins.encode(0, 1, 2)
    twins.assert_agree()
    copied = rig.driver.copied_bytes
    twins.encode(3)
    twins.assert_agree()
    assert rig.driver.copied_bytes - copied == ROW_BYTES
    twins.switch.close()
    assert rig.nothing_is_left()


def test_the_engines_alone_still_serve_beside_the_tokens(on_gpu: Twins) -> None:
    inputs = on_gpu.rig.inputs
    on_gpu.encode(0)  # and it is under way
    found = on_gpu.switch.run(WINDOW_HEAD_FILE, inputs[WINDOW_HEAD_FILE])
    expected = on_gpu.rig.onnx[WINDOW_HEAD_FILE].run(inputs[WINDOW_HEAD_FILE])
    np.testing.assert_allclose(found["logits"], expected["logits"], atol=1e-4)
    tokens = on_gpu.switch.run(FRAME_ENCODER_FILE, inputs[FRAME_ENCODER_FILE])["tokens"]
    assert tokens.shape == (2, 16, 64)
    on_gpu.encode(1)
    on_gpu.switch.run(FRAME_ENCODER_FILE, inputs[FRAME_ENCODER_FILE])
    on_gpu.assert_agree()
