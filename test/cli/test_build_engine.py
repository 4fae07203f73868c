import re
from functools import partial
from pathlib import Path

import pytest
from fake_gpu import FakeDriver, fake_tensorrt

from stf2m_ros.cli import build_engine
from stf2m_ros.runtime.bundle import Bundle, load_bundle
from stf2m_ros.runtime.cuda_buffers import CudaMissing, device_name, load_driver
from stf2m_ros.runtime.engine_building import build_missing, fingerprints
from stf2m_ros.runtime.engine_cache import EngineCache
from stf2m_ros.runtime.fast_engines import FastEngines
from stf2m_ros.runtime.tensorrt_api import find_tensorrt, version_of


@pytest.fixture
def bundle(tiny_bundle_folder: Path) -> Bundle:
    return load_bundle(tiny_bundle_folder)


def fast_engines(bundle: Bundle, cache_folder: Path, precision: str = "fp16", **how: object) -> FastEngines:
    driver = FakeDriver()
    trt, cache = fake_tensorrt(driver, **how), EngineCache(cache_folder, bundle.card.name)
    wanted = fingerprints(trt, device_name(driver), bundle.card, precision)
    build_missing(trt, wanted, bundle, cache)
    return FastEngines(trt, bundle, cache, wanted, driver)


def test_it_tells_precision_difference_and_layers(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert build_engine.report(fast_engines(bundle, tmp_path), bundle, every_layer=True) == 0
    said = capsys.readouterr().out
    assert re.search(r"frame_encoder.onnx: fp16, \d+ kB, \d+\.\d\d ms \(median of 30\)", said)
    assert "window_head.onnx: fp32," in said
    assert "layers as built: 1 fp16" in said
    assert "      fp16  all" in said
    assert "inputs and outputs are copied" in said
    assert "the node will use these engines" in said


def test_an_inspector_that_does_not_answer_does_not_spoil_the_engines(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert build_engine.report(fast_engines(bundle, tmp_path, refuses="inspect"), bundle, every_layer=False) == 0
    assert "the inspector does not answer: AttributeError: create_engine_inspector" in capsys.readouterr().out


def test_int8_is_told_per_graph_as_built(
    int8_bundle_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    bundle = load_bundle(int8_bundle_folder)
    assert build_engine.report(fast_engines(bundle, tmp_path, "int8"), bundle, every_layer=False) == 0
    said = capsys.readouterr().out
    assert "frame_encoder.onnx: int8," in said
    assert "window_head.onnx: fp32," in said
    assert "at most 0.15 is taken" in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--precision", "int8"], "expected frame_encoder.int8_tensorrt.onnx for int8, found none"),
        (["--dla", "0"], "builds for no DLA; TensorRT 8.5 to 10.7 do"),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_line(
    tiny_bundle_folder: Path, tmp_path: Path, arguments: list, why: str, capsys: pytest.CaptureFixture
) -> None:
    pytest.importorskip("tensorrt_rtx_bindings")
    given = ["--bundle", str(tiny_bundle_folder), "--cache", str(tmp_path / "engines"), *arguments]
    assert build_engine.main(given) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert why in said.err


def test_engines_that_differ_are_told_and_fail(bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert build_engine.report(fast_engines(bundle, tmp_path, skew=0.5), bundle, every_layer=False) == 1
    assert "the node will not use them: they differ too much" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("step", "why"), [("execute", "TensorRT does not run"), ("deserialise", "TensorRT does not take the engine")]
)
def test_engines_that_were_built_but_do_not_run_are_one_line(
    bundle: Bundle, tmp_path: Path, step: str, why: str, capsys: pytest.CaptureFixture
) -> None:
    opened = partial(fast_engines, bundle, tmp_path, refuses=step)
    assert build_engine.open_and_report(opened, bundle, every_layer=False) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"built, but do not run: {why}" in said


@pytest.mark.parametrize(("precision", "of_the_head"), [("fp16", "fp16"), ("int8", "fp16")])
def test_without_a_gpu_it_tries_the_graphs_and_says_what_it_could_not_do(
    int8_bundle_folder: Path, tmp_path: Path, precision: str, of_the_head: str, capsys: pytest.CaptureFixture
) -> None:
    pytest.importorskip("tensorrt_rtx_bindings")
    try:
        load_driver()
    except CudaMissing as missing:
        reason = str(missing)
    else:
        pytest.skip("there is a GPU here")
    arguments = ["--bundle", str(int8_bundle_folder), "--cache", str(tmp_path / "engines"), "--precision", precision]
    assert build_engine.main(arguments) == 1
    said = capsys.readouterr().out
    assert f"no engine can be made for this machine: {reason}" in said
    assert f"frame_encoder.onnx: trying whether {version_of(find_tensorrt())} builds it in {precision}" in said
    assert f"window_head.onnx: trying whether {version_of(find_tensorrt())} builds it in {of_the_head}" in said
    assert said.count("it does:") == 2
    assert "not done, for want of a GPU: keep them, run them, compare" in said
    assert not (tmp_path / "engines").exists()


def test_without_a_gpu_full_tensorrt_is_not_even_tried(bundle: Bundle, capsys: pytest.CaptureFixture) -> None:
    trt = fake_tensorrt(FakeDriver())
    assert build_engine.build_for_trial(trt, bundle, "fp16", "no NVIDIA driver answers") == 1
    assert "not done: anything" in capsys.readouterr().out
    assert not trt.builds


def test_a_bundle_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert build_engine.main(["--bundle", str(tmp_path / "none")]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.endswith("nothing was built\n")


def test_the_build_is_shown_as_it_goes_on(capsys: pytest.CaptureFixture) -> None:
    command = ["python3", "-c", "print('frame_encoder.onnx: building')\nprint('frame_encoder.onnx: built')"]
    assert build_engine._build_aside(command)
    assert capsys.readouterr().out == "  frame_encoder.onnx: building\n  frame_encoder.onnx: built\n"


def test_a_build_that_fails_says_why(capsys: pytest.CaptureFixture) -> None:
    assert not build_engine._build_aside(["python3", "-c", "print('no room'); raise SystemExit(1)"])
    assert "build_engine: no room" in capsys.readouterr().err
