from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest
from fake_gpu import FakeDriver, RuleBroken, fake_tensorrt

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, load_bundle
from stf2m_ros.runtime.bundle_engines import frame_encoder_shapes, window_head_shapes
from stf2m_ros.runtime.cuda_buffers import CudaDevice, CudaError
from stf2m_ros.runtime.onnx_engine import EngineInputError, EngineLoadError, OnnxEngine
from stf2m_ros.runtime.tensorrt_builder import Recipe, build_plan
from stf2m_ros.runtime.tensorrt_engine import EngineRunError, TensorRTEngine


def faces(count: int, seed: int = 0) -> Dict[str, np.ndarray]:
    return {"faces": np.random.RandomState(seed).randn(count, 3, 112, 112).astype(np.float32)}


def open_encoder(folder: Path, driver: FakeDriver, **how: Any) -> TensorRTEngine:
    trt, shapes = fake_tensorrt(driver, **how), frame_encoder_shapes(load_bundle(folder).card)[0]
    plan = build_plan(trt, Recipe(folder / FRAME_ENCODER_FILE, shapes, "fp32"))
    return TensorRTEngine(trt, CudaDevice(driver), plan, shapes, 8, "fp32")


def test_the_encoder_says_what_onnx_runtime_says(tiny_bundle_folder: Path) -> None:
    engine, onnx = open_encoder(tiny_bundle_folder, FakeDriver()), OnnxEngine(tiny_bundle_folder / FRAME_ENCODER_FILE)
    for count in (1, 3, 8, 1):
        np.testing.assert_allclose(engine.run(faces(count))["tokens"], onnx.run(faces(count))["tokens"], atol=1e-5)


def test_the_window_head_says_what_onnx_runtime_says(tiny_bundle_folder: Path) -> None:
    driver = FakeDriver()
    trt, shapes = fake_tensorrt(driver), window_head_shapes(load_bundle(tiny_bundle_folder).card)[0]
    plan = build_plan(trt, Recipe(tiny_bundle_folder / WINDOW_HEAD_FILE, shapes, "fp32"))
    engine = TensorRTEngine(trt, CudaDevice(driver), plan, shapes, 8, "fp32")
    random = np.random.RandomState(0)
    inputs = {name: random.rand(*shape).astype(np.float32) for name, shape in shapes.items()}
    expected = OnnxEngine(tiny_bundle_folder / WINDOW_HEAD_FILE).run(inputs)
    found = engine.run(inputs)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-4)


def test_an_engine_for_a_dla_is_opened_on_its_core_and_takes_faces_one_by_one(tiny_bundle_folder: Path) -> None:
    driver, shapes = FakeDriver(), frame_encoder_shapes(load_bundle(tiny_bundle_folder).card)[0]
    trt = fake_tensorrt(driver, dla_cores=2)
    plan = build_plan(trt, Recipe(tiny_bundle_folder / FRAME_ENCODER_FILE, shapes, "fp16", max_batch=1, dla=1))
    device = CudaDevice(driver)
    engine = TensorRTEngine(trt, device, plan, shapes, 1, "fp16", dla=1)
    assert engine.name == "tensorrt-fp16-dla1"
    onnx = OnnxEngine(tiny_bundle_folder / FRAME_ENCODER_FILE)
    np.testing.assert_allclose(engine.run(faces(3))["tokens"], onnx.run(faces(3))["tokens"], atol=1e-5)
    with pytest.raises(EngineLoadError, match="the engine is for a DLA, and no core of it was chosen"):
        TensorRTEngine(trt, device, plan, shapes, 1, "fp16")


def test_more_faces_than_fit_at_once_are_run_in_parts(tiny_bundle_folder: Path) -> None:
    engine, onnx = open_encoder(tiny_bundle_folder, FakeDriver()), OnnxEngine(tiny_bundle_folder / FRAME_ENCODER_FILE)
    np.testing.assert_allclose(engine.run(faces(19))["tokens"], onnx.run(faces(19))["tokens"], atol=1e-5)


def test_running_takes_no_memory_of_the_gpu(tiny_bundle_folder: Path) -> None:
    driver = FakeDriver()
    engine = open_encoder(tiny_bundle_folder, driver)
    before = driver.allocations
    for _ in range(3):
        engine.run(faces(2))
    assert driver.allocations == before


def test_a_result_stays_what_it_was_when_the_next_one_comes(tiny_bundle_folder: Path) -> None:
    engine = open_encoder(tiny_bundle_folder, FakeDriver())
    first = engine.run(faces(1))["tokens"]
    kept = first.copy()
    engine.run(faces(1, seed=1))
    np.testing.assert_array_equal(first, kept)


def test_outputs_that_stay_on_the_device_do_not_come_back(tiny_bundle_folder: Path) -> None:
    driver = FakeDriver()
    engine, onnx = open_encoder(tiny_bundle_folder, driver), OnnxEngine(tiny_bundle_folder / FRAME_ENCODER_FILE)
    there = engine._device.floats(16 * 64)
    engine.queue(faces(1), {"tokens": there.address})
    engine._device.wait()
    assert engine.results() == {}
    expected = onnx.run(faces(1))["tokens"]
    found = driver.memory_at(there.address, expected.nbytes).view(np.float32)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-5)
    np.testing.assert_allclose(engine.run(faces(1))["tokens"], expected, atol=1e-5)


def test_inputs_that_are_on_the_device_are_not_given_again(tiny_bundle_folder: Path) -> None:
    engine = open_encoder(tiny_bundle_folder, FakeDriver())
    with pytest.raises(EngineInputError, match=r"expected the inputs \[\], found \['faces'\]"):
        engine.queue(faces(1), {"faces": engine._device.floats(1).address})


def test_an_engine_is_not_queued_twice_without_waiting(tiny_bundle_folder: Path) -> None:
    """The fake notices, as a real GPU would not."""
    engine = open_encoder(tiny_bundle_folder, FakeDriver())
    engine.queue(faces(1), {})
    with pytest.raises(RuleBroken, match="while the run that uses it is under way"):
        engine.queue(faces(1), {})


def test_tensors_lie_where_tensorrt_can_take_them(tiny_bundle_folder: Path) -> None:
    engine = open_encoder(tiny_bundle_folder, FakeDriver())
    with pytest.raises(RuleBroken, match="no multiple of 256"):
        engine.queue(faces(1), {"tokens": engine._device.floats(16 * 64 + 1).address + 4})


def test_mapped_inputs_are_read_where_they_lie(tiny_bundle_folder: Path) -> None:
    driver = FakeDriver(integrated=True)
    engine, onnx = open_encoder(tiny_bundle_folder, driver), OnnxEngine(tiny_bundle_folder / FRAME_ENCODER_FILE)
    np.testing.assert_allclose(engine.run(faces(3))["tokens"], onnx.run(faces(3))["tokens"], atol=1e-5)
    assert (driver.copied_bytes, driver.in_use()["device"]) == (0, 0)
    engine.queue(faces(1), {})
    engine._pairs["faces"].host[0] += 1
    with pytest.raises(RuleBroken, match="a mapped buffer changed before the engine had read it"):
        engine._device.wait()


def test_mapped_outputs_are_not_there_before_the_device_was_waited_for(tiny_bundle_folder: Path) -> None:
    engine = open_encoder(tiny_bundle_folder, FakeDriver(integrated=True))
    engine.run(faces(1))
    engine.queue(faces(1), {})
    assert np.isnan(engine.results()["tokens"]).all()


def test_closing_gives_everything_back(tiny_bundle_folder: Path) -> None:
    driver = FakeDriver()
    engine = open_encoder(tiny_bundle_folder, driver)
    device = engine._device
    engine.run(faces(1))
    engine.close()
    engine.close()
    device.close()
    assert not any(driver.in_use().values())
    with pytest.raises(RuntimeError, match="found one that was closed"):
        engine.run(faces(1))


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"images": faces(1)["faces"]}, r"expected the inputs \['faces'\], found \['images'\]"),
        ({"faces": faces(1)["faces"].astype(np.float64)}, "float64"),
        ({"faces": faces(1)["faces"][:, :2]}, r"found \(1, 2, 112, 112\)"),
        ({"faces": faces(1)["faces"][:0]}, "found an empty one"),
    ],
)
def test_wrong_inputs_are_refused_before_the_gpu_sees_them(
    tiny_bundle_folder: Path, inputs: Dict[str, np.ndarray], said: str
) -> None:
    with pytest.raises(EngineInputError, match=said):
        open_encoder(tiny_bundle_folder, FakeDriver()).run(inputs)


@pytest.mark.parametrize("step", ["deserialise", "context"])
def test_an_engine_that_tensorrt_does_not_take_leaves_nothing(tiny_bundle_folder: Path, step: str) -> None:
    driver = FakeDriver()
    with pytest.raises(EngineLoadError, match="TensorRT"):
        open_encoder(tiny_bundle_folder, driver, refuses=step)
    assert driver.in_use()["device"] == driver.in_use()["tensorrt"] == 0


def test_too_little_memory_at_start_is_an_error_that_leaves_nothing(tiny_bundle_folder: Path) -> None:
    driver = FakeDriver(memory_bytes=1000)
    with pytest.raises(CudaError, match="no memory for"):
        open_encoder(tiny_bundle_folder, driver)
    assert driver.in_use()["device"] == driver.in_use()["pinned"] == driver.in_use()["tensorrt"] == 0


def test_a_failure_in_flight_is_an_error_and_closing_still_works(tiny_bundle_folder: Path) -> None:
    driver = FakeDriver()
    engine = open_encoder(tiny_bundle_folder, driver)
    driver.fault = "an illegal memory access was encountered"
    with pytest.raises(CudaError, match="illegal memory access"):
        engine.run(faces(1))
    engine.close()


def test_a_run_that_tensorrt_refuses_is_an_error_and_closing_still_works(tiny_bundle_folder: Path) -> None:
    driver = FakeDriver()
    engine = open_encoder(tiny_bundle_folder, driver, refuses="execute")
    with pytest.raises(EngineRunError, match="TensorRT does not run"):
        engine.run(faces(1))
    engine.close()
    assert driver.in_use()["device"] == 0
