"""What needs a GPU, pycuda and TensorRT: `pytest -m gpu`. Everywhere else it is skipped, with the reason.

`make bench-gpu` names a folder in STF2M_BENCH_OUT: with a quantised bundle, and with engines that are not built again.
"""

import os
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

import numpy as np
import pytest

from stf2m_ros.runtime.backends import BackendSettings, ServedEngines, open_engines
from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_FILE,
    FRAME_ENCODER_TENSORRT_INT8_FILE,
    WINDOW_HEAD_FILE,
    Bundle,
    load_bundle,
)
from stf2m_ros.runtime.bundle_engines import open_onnx_engines, token_rows
from stf2m_ros.runtime.cuda_buffers import CudaDevice, CudaMissing, load_driver
from stf2m_ros.runtime.device_tokens import DeviceTokens
from stf2m_ros.runtime.engine_trial import TOLERANCE, differences, trial_inputs
from stf2m_ros.runtime.tensorrt_api import PRECISIONS, TensorRTMissing, find_tensorrt
from stf2m_ros.runtime.token_store import HostTokens, TokenStore

pytestmark = pytest.mark.gpu
SHIPPED = Path(__file__).parents[2] / "models" / "generated_faces"
BENCH_OUT = os.environ.get("STF2M_BENCH_OUT", "")
GOLDEN_CLIPS = int(os.environ.get("STF2M_GOLDEN_CLIPS", "4"))
BUILD_S = 1800.0

Opened = Callable[..., ServedEngines]


@pytest.fixture(autouse=True)
def gpu() -> None:
    try:
        find_tensorrt()
        load_driver()
    except (TensorRTMissing, CudaMissing) as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def bundle(int8_bundle_folder: Path) -> Bundle:
    made = Path(BENCH_OUT) / "bundle"
    there = [folder for folder in (made, SHIPPED) if (folder / FRAME_ENCODER_TENSORRT_INT8_FILE).is_file()]
    return load_bundle([*there, int8_bundle_folder][0])


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests, so that each precision is built once."""
    return Path(BENCH_OUT) / "engines" if BENCH_OUT else tmp_path_factory.mktemp("engines")


@pytest.fixture
def device() -> Iterator[CudaDevice]:
    opened = CudaDevice()
    yield opened
    opened.close()


@pytest.fixture
def opened(bundle: Bundle, cache: Path) -> Iterator[Opened]:
    """Opens engines on the GPU, which are built first where the cache is empty, and closes what a test left open."""
    made: List[ServedEngines] = []

    def open_(precision: str = "fp16", memory: str = "auto") -> ServedEngines:
        engines = open_engines(bundle, BackendSettings("tensorrt", precision, cache_folder=cache, gpu_memory=memory))
        made.append(engines)
        if engines.switch._build is not None:
            engines.switch._build.wait(BUILD_S)
            engines.switch.tend()
        assert_on_gpu(engines)
        return engines

    yield open_
    for engines in reversed(made):
        engines.close()


def assert_on_gpu(engines: ServedEngines) -> None:
    assert engines.frame_encoder.name.startswith("tensorrt-"), engines.switch.status.text


def host_tokens(bundle: Bundle) -> HostTokens:
    onnx = open_onnx_engines(bundle)
    return HostTokens(onnx.frame_encoder, onnx.window_head, token_rows(bundle.card))


def judge_a_stream(bundle: Bundle, store: TokenStore, rows: range) -> Dict[str, np.ndarray]:
    """Encodes a face into each row, then judges a window of them with a hole and a face that stands for two."""
    size, slots = bundle.card.preprocessing.size_px, bundle.card.grid.slots
    for row in rows:
        store.encode(np.random.RandomState(row).randn(1, 3, size, size).astype(np.float32), row)
    picked, held = np.arange(slots), np.isin(np.arange(slots), rows)
    picked[rows[2]] = rows[1]
    held[rows[3]] = False
    inputs = {name: value for name, value in trial_inputs(bundle)[WINDOW_HEAD_FILE].items() if name != "tokens"}
    return store.judge(picked, held, {**inputs, "frame_presence": held.astype(np.float32)[None]})


def worst(found: Dict[str, np.ndarray], expected: Dict[str, np.ndarray]) -> float:
    return max(
        float(np.abs(found[name] - value).max() / max(1, np.abs(value).max())) for name, value in expected.items()
    )


@pytest.mark.parametrize("precision", PRECISIONS)
def test_built_engines_say_what_onnx_runtime_says_and_are_found_again(
    bundle: Bundle, opened: Opened, precision: str
) -> None:
    opened(precision).close()
    engines, onnx = opened(precision), open_onnx_engines(bundle)
    inputs = trial_inputs(bundle)
    for file, engine, reference in (
        (FRAME_ENCODER_FILE, engines.frame_encoder, onnx.frame_encoder),
        (WINDOW_HEAD_FILE, engines.window_head, onnx.window_head),
    ):
        assert max(differences(engine, reference, inputs[file]).values()) <= TOLERANCE[precision]
    size = bundle.card.preprocessing.size_px
    faces = np.random.RandomState(1).randn(19, 3, size, size).astype(np.float32)
    assert engines.frame_encoder.run({"faces": faces})["tokens"].shape[0] == 19
    assert_on_gpu(engines)  # nothing fell back meanwhile
    engines.close()


@pytest.mark.parametrize("memory", ["copied", "mapped"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_window_whose_tokens_stay_on_the_device_is_judged_as_on_the_cpu(
    bundle: Bundle, opened: Opened, precision: str, memory: str
) -> None:
    engines = opened(precision, memory)
    expected = judge_a_stream(bundle, host_tokens(bundle), range(100, 130))
    for _ in range(2):
        assert worst(judge_a_stream(bundle, engines.tokens, range(100, 130)), expected) <= 2 * TOLERANCE[precision]
        assert_on_gpu(engines)
    engines.close()


@pytest.mark.skipif(sys.version_info < (3, 10), reason="golden clips are generated, which takes Python 3.10")
@pytest.mark.parametrize(("precision", "same_class", "tokens"), [("fp16", 0.995, 2e-2), ("int8", 0.97, 0.15)])
def test_golden_clips_get_the_class_that_they_get_on_the_cpu(
    bundle: Bundle, opened: Opened, precision: str, same_class: float, tokens: float
) -> None:
    from stf2m_ros.export.engine_loss import EnginePair, measure_losses

    engines = opened(precision)
    pair = EnginePair(engines.frame_encoder, engines.window_head)
    loss = measure_losses(bundle, {precision: pair}, GOLDEN_CLIPS)[precision]
    print(loss)
    assert_on_gpu(engines)  # nothing fell back meanwhile
    assert loss.same_class >= same_class, loss
    assert loss.tokens_worst <= tokens, loss
    engines.close()


def test_falling_back_in_the_middle_of_a_stream_loses_no_row(bundle: Bundle, opened: Opened) -> None:
    engines, onnx = opened(), host_tokens(bundle)
    judge_a_stream(bundle, engines.tokens, range(100, 110))
    assert_on_gpu(engines)
    engines.switch.stay("the test wants it")
    judge_a_stream(bundle, onnx, range(100, 110))
    found = judge_a_stream(bundle, engines.tokens, range(110, 120))
    expected = judge_a_stream(bundle, onnx, range(110, 120))
    assert engines.frame_encoder.name.startswith("onnxruntime")
    np.testing.assert_allclose(engines.tokens._host.rows, onnx.rows, atol=TOLERANCE["fp16"] * np.abs(onnx.rows).max())
    assert worst(found, expected) <= 2 * TOLERANCE["fp16"]
    engines.close()


@pytest.mark.parametrize("shape", [(20, 3, 64), (20, 3, 5)])
def test_windows_are_gathered_within_the_device(device: CudaDevice, shape: Tuple[int, int, int]) -> None:
    """Copies, zeros and offsets of real memory: read back by a copy of the window to a pair."""
    random, slots = np.random.RandomState(0), 12
    rows, size = random.randn(*shape).astype(np.float32), slots * shape[1] * shape[2]
    tokens, back = DeviceTokens(device, shape, slots), device.pinned_pair(size)
    picked, held = (np.arange(14, 14 + slots)) % 20, random.rand(slots) > 0.3
    tokens.upload(rows)
    device.wait()
    tokens.gather(picked, held)
    tokens.download(7)
    device._driver.memcpy_dtod_async(back.address, tokens.window_address, 4 * size, device.stream)
    back.to_host(size, device.stream)
    device.wait()
    expected = np.where(held[:, None, None], rows[picked], 0)
    np.testing.assert_array_equal(back.host.reshape(expected.shape), expected)
    np.testing.assert_array_equal(tokens.shadow(7), rows[7])
    tokens.free()
    back.free()
