import logging
import os
import threading
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
from gpu_rig import ONNX, GpuRig

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE
from stf2m_ros.runtime.engine_cache import EngineCache
from stf2m_ros.runtime.engine_switch import BackendStatus, EngineSwitch, SwitchedEngine
from stf2m_ros.runtime.onnx_engine import EngineInputError


@pytest.fixture
def rig(tiny_bundle_folder: Path, tmp_path: Path) -> GpuRig:
    return GpuRig(tiny_bundle_folder, tmp_path / "engines")


def assert_answers(switch: EngineSwitch, rig: GpuRig) -> None:
    for graph_file, inputs in rig.inputs.items():
        expected, found = rig.onnx[graph_file].run(inputs), switch.run(graph_file, inputs)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, atol=1e-4)


def warnings(caplog: pytest.LogCaptureFixture) -> List[str]:
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def test_engines_in_the_cache_serve_at_once(rig: GpuRig) -> None:
    rig.build()
    switch = rig.open()
    assert switch.status.engine == "tensorrt-fp16"
    assert not rig.path.builds
    assert_answers(switch, rig)
    switch.close()
    assert rig.nothing_is_left()


def test_onnx_runtime_serves_while_engines_are_built_and_says_so(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        switch = rig.open()
        assert_answers(switch, rig)
    assert switch.status.engine == ONNX
    assert "being built since 24 s; ONNX Runtime serves" in switch.status.text
    assert not switch.status.degraded
    assert "no engine in" in caplog.text


def test_it_goes_over_when_the_build_is_done(rig: GpuRig) -> None:
    switch = rig.open()
    for _ in range(3):
        assert_answers(switch, rig)
    assert switch.status == BackendStatus("tensorrt-fp16")
    assert rig.path.builds[0].stopped
    assert len(rig.trt.builds) == 2
    switch.close()
    assert rig.nothing_is_left()


def test_a_build_that_fails_is_one_warning_and_never_tried_again(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    switch = rig.open(refuses="parse")
    for _ in range(5):
        assert_answers(switch, rig)
    assert len(warnings(caplog)) == 1
    assert "could not be built" in warnings(caplog)[0]
    assert "UNSUPPORTED_NODE" in switch.status.text
    assert switch.status.degraded
    assert len(rig.path.builds) == 1


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"refuses": "deserialise"}, "TensorRT does not take the engine: no kernel image"),
        ({"refuses": "context"}, "TensorRT has no room to run the engine"),
        ({"refuses": "execute"}, "TensorRT does not run"),
        ({"skew": 0.5}, "expected tokens within 0.02 of ONNX Runtime, found"),
        ({"skew": np.nan}, "expected tokens within 0.02 of ONNX Runtime, found inf"),
    ],
)
def test_engines_that_do_not_work_never_serve(
    rig: GpuRig, how: Dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    rig.build()
    switch = rig.open(**how)
    assert switch.status.engine == ONNX
    assert_answers(switch, rig)
    assert len(warnings(caplog)) == 1
    assert said in warnings(caplog)[0]
    assert switch.status.degraded
    assert rig.nothing_is_left()


def test_engines_that_were_built_but_do_not_open_never_serve(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    switch = rig.open(refuses="deserialise")
    for _ in range(3):
        assert_answers(switch, rig)
    assert len(warnings(caplog)) == 1
    assert "no kernel image" in switch.status.text
    assert rig.nothing_is_left()


def test_a_builder_that_cannot_be_started_falls_back(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    switch = rig.open(looks=0)
    assert_answers(switch, rig)
    assert "TensorRT's engines cannot be built: too many processes" in warnings(caplog)[0]


def test_too_little_memory_on_the_gpu_at_start_falls_back(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    rig.build()
    rig.driver.memory_bytes = 1_500_000  # enough for the encoder, not for both
    switch = rig.open()
    assert_answers(switch, rig)
    assert "out of memory" in warnings(caplog)[0]
    assert rig.nothing_is_left()


def test_a_tensorrt_that_differs_from_all_we_know_falls_back(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    rig.build()
    switch = rig.open(lacking="TensorIOMode")
    assert_answers(switch, rig)
    assert "AttributeError" in warnings(caplog)[0]
    assert rig.nothing_is_left()


def test_a_failure_in_flight_loses_no_answer(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    rig.build()
    switch = rig.open()
    assert_answers(switch, rig)
    rig.driver.fault = "an illegal memory access was encountered"
    for _ in range(3):
        assert_answers(switch, rig)
    assert len(warnings(caplog)) == 1
    assert "TensorRT failed while it ran: the GPU failed: an illegal memory access" in warnings(caplog)[0]
    assert (switch.status.engine, switch.status.degraded) == (ONNX, True)
    assert rig.nothing_is_left()
    switch.close()


def test_a_wrong_input_is_the_callers_mistake_not_the_gpus(rig: GpuRig) -> None:
    rig.build()
    switch = rig.open()
    with pytest.raises(EngineInputError):
        switch.run(FRAME_ENCODER_FILE, {})
    assert switch.status.engine == "tensorrt-fp16"


@pytest.mark.parametrize("damage", [lambda plan: plan[:-1], lambda plan: b"", lambda plan: b"X" + plan[1:]])
def test_a_damaged_engine_is_built_anew_and_said(rig: GpuRig, damage: Any, caplog: pytest.LogCaptureFixture) -> None:
    rig.build()
    plan = next(rig.cache.rglob("frame_encoder.fp16/engine.plan"))
    plan.write_bytes(damage(plan.read_bytes()))
    with caplog.at_level(logging.INFO):
        switch = rig.open()
        for _ in range(3):
            assert_answers(switch, rig)
    assert switch.status.engine == "tensorrt-fp16"
    assert "the file was changed" in caplog.text
    assert len(rig.trt.builds) == 1  # the window head was whole


def test_an_engine_of_another_version_is_built_anew_and_said(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    rig.build(version="8.5.2.2")
    with caplog.at_level(logging.INFO):
        switch = rig.open(version="10.3.0")
        for _ in range(3):
            assert_answers(switch, rig)
    assert switch.status.engine == "tensorrt-fp16"
    assert "expected tensorrt tensorrt 10.3.0, found tensorrt 8.5.2.2" in caplog.text


def test_a_cache_that_cannot_be_written_still_builds_and_serves(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    rig.cache.write_text("a file where the folder should be")
    switch = rig.open()
    for _ in range(3):
        assert_answers(switch, rig)
    assert switch.status.engine == "tensorrt-fp16"
    assert len(warnings(caplog)) == 1
    temporary = rig.path._folder
    assert temporary.is_dir()
    switch.close()
    assert not temporary.exists()


def test_engines_in_a_cache_that_cannot_be_written_serve(rig: GpuRig, caplog: pytest.LogCaptureFixture) -> None:
    """A robot whose disk is read-only, or whose engines another user built."""
    rig.build()
    rig.cache.chmod(0o555)
    if os.access(str(rig.cache), os.W_OK):
        pytest.skip("root may write everywhere")
    assert_answers(rig.open(), rig)
    assert (rig.path.builds, warnings(caplog)) == ([], [])


def test_a_bundles_place_in_the_cache_that_cannot_be_written_is_found_out_before_building(
    rig: GpuRig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.cache.mkdir()
    EngineCache(rig.cache, rig.bundle.card.name).folder.write_text("a file where the folder should be")
    switch = rig.open()
    for _ in range(3):
        assert_answers(switch, rig)
    assert switch.status.engine == "tensorrt-fp16"
    assert len(warnings(caplog)) == 1


def test_closing_stops_a_build(rig: GpuRig) -> None:
    switch = rig.open()
    encoder = SwitchedEngine(switch, FRAME_ENCODER_FILE)
    encoder.close()
    encoder.close()
    assert rig.path.builds[0].stopped


def test_only_the_encoder_is_half_where_the_flag_frees_every_layer(rig: GpuRig) -> None:
    rig.build()
    switch = rig.open()
    assert [engine.name for engine in switch._fast.engines.values()] == ["tensorrt-fp16", "tensorrt-fp32"]


def test_both_are_half_where_the_types_in_the_graph_decide(rig: GpuRig) -> None:
    rig.build(fp16_flag=False)
    switch = rig.open(fp16_flag=False)
    assert [engine.name for engine in switch._fast.engines.values()] == ["tensorrt-fp16", "tensorrt-fp16"]
    inputs = rig.inputs[FRAME_ENCODER_FILE]
    found, expected = switch.run(FRAME_ENCODER_FILE, inputs), rig.onnx[FRAME_ENCODER_FILE].run(inputs)
    np.testing.assert_allclose(found["tokens"], expected["tokens"], atol=2e-2)


def test_a_whole_life_on_one_worker_thread_leaves_nothing(rig: GpuRig) -> None:
    raised: List[BaseException] = []

    def live() -> None:
        try:
            switch = rig.open()
            for _ in range(4):
                assert_answers(switch, rig)
            switch.close()
        except BaseException as error:
            raised.append(error)

    worker = threading.Thread(target=live)
    worker.start()
    worker.join()
    assert not raised
    assert rig.nothing_is_left()
