import logging
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from stf2m_ros.runtime.backends import BackendSettings, nvidia_is_here, open_engines
from stf2m_ros.runtime.bundle import BundleMismatch, load_bundle
from stf2m_ros.runtime.cuda_buffers import CudaMissing, load_driver
from stf2m_ros.runtime.tensorrt_api import TensorRTMissing, find_tensorrt, precision_built

FACES = {"faces": np.zeros((1, 3, 112, 112), np.float32)}


@pytest.fixture
def no_gpu() -> str:
    """Why TensorRT cannot run, on machines where that is so."""
    try:
        find_tensorrt()
        load_driver()
    except (TensorRTMissing, CudaMissing) as missing:
        return str(missing)
    pytest.skip("there is a GPU here, and TensorRT")


def test_onnx_runtime_serves_where_it_was_asked_for(tiny_bundle_folder: Path) -> None:
    engines = open_engines(load_bundle(tiny_bundle_folder), BackendSettings("onnxruntime"))
    assert engines.frame_encoder.name == "onnxruntime-cpu"
    assert engines.switch.status.text == ""
    assert engines.frame_encoder.run(FACES)["tokens"].shape == (1, 16, 64)
    engines.close()


def test_without_a_gpu_auto_serves_from_onnx_runtime_and_says_why(
    tiny_bundle_folder: Path, no_gpu: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        engines = open_engines(load_bundle(tiny_bundle_folder), BackendSettings("auto"))
    assert engines.window_head.name == "onnxruntime-cpu"
    assert f"ONNX Runtime serves: {no_gpu}" in caplog.text
    assert engines.switch.status.degraded == nvidia_is_here()
    assert engines.frame_encoder.run(FACES)["tokens"].shape == (1, 16, 64)


def test_a_tensorrt_that_was_asked_for_and_is_not_to_be_had_is_one_warning(
    tiny_bundle_folder: Path, no_gpu: str, caplog: pytest.LogCaptureFixture
) -> None:
    engines = open_engines(load_bundle(tiny_bundle_folder), BackendSettings("tensorrt"))
    assert [each.levelname for each in caplog.records if each.levelno >= logging.WARNING] == ["WARNING"]
    assert engines.switch.status.degraded
    assert no_gpu in engines.switch.status.text


def test_a_broken_bundle_is_an_error_on_every_backend(bundle_folder: Path) -> None:
    bundle = load_bundle(bundle_folder)
    (bundle_folder / "window_head.onnx").write_bytes(b"nonsense")
    with pytest.raises(BundleMismatch, match="expected an ONNX graph"):
        open_engines(bundle, BackendSettings("auto"))


@pytest.mark.parametrize(("field", "value"), [("backend", "cuda"), ("precision", "fp8"), ("gpu_memory", "shared")])
def test_an_unknown_choice_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{field}: expected one of .*, found '{value}'"):
        BackendSettings(**{field: value})


def test_an_nvidia_driver_is_seen_by_its_device_files(tmp_path: Path) -> None:
    assert not nvidia_is_here(tmp_path)
    (tmp_path / "nvhost-gpu").touch()
    assert nvidia_is_here(tmp_path)


def test_tensorrt_is_looked_for_under_every_name() -> None:
    asked = []

    def import_module(name: str) -> str:
        asked.append(name)
        if name != "tensorrt_rtx":
            raise ModuleNotFoundError(name=name)
        return name

    assert find_tensorrt(import_module) == "tensorrt_rtx"
    assert asked == ["tensorrt", "tensorrt_rtx"]


def test_a_tensorrt_that_does_not_load_says_why() -> None:
    def import_module(name: str) -> str:
        if name == "tensorrt":
            raise OSError("libnvinfer.so.8: cannot open shared object file")
        raise ModuleNotFoundError(name=name)

    with pytest.raises(TensorRTMissing, match="tensorrt: libnvinfer.so.8: cannot open"):
        find_tensorrt(import_module)


def test_no_tensorrt_at_all_is_said() -> None:
    def import_module(name: str) -> str:
        raise ModuleNotFoundError(name=name)

    with pytest.raises(TensorRTMissing, match="TensorRT is not installed for this Python"):
        find_tensorrt(import_module)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of fp32, fp16, int8, found 'int4'"):
        precision_built(ModuleType("tensorrt"), "window_head.onnx", "int4")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dla": 2}, "dla: expected one of -1, 0, 1, found 2"),
        ({"dla": 0, "precision": "fp32"}, "dla: expected precision fp16 or int8, found fp32"),
        ({"dla": 0, "backend": "onnxruntime"}, "dla: expected backend auto or tensorrt, found onnxruntime"),
    ],
)
def test_a_dla_that_cannot_be_is_refused(given: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        BackendSettings(**given)


def test_a_machine_without_tensorrt_takes_onnx_runtimes_int8_encoder(
    int8_bundle_folder: Path, no_gpu: str, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = load_bundle(int8_bundle_folder)
    exact, int8 = (
        open_engines(bundle, BackendSettings("auto", precision)).frame_encoder for precision in ("fp16", "int8")
    )
    tokens = [engine.run({"faces": np.ones((1, 3, 112, 112), np.float32)})["tokens"] for engine in (exact, int8)]
    assert 0 < np.abs(tokens[0] - tokens[1]).max() < 0.1 * np.abs(tokens[0]).max()
    assert "holds no" not in caplog.text


def test_without_the_onnx_package_half_is_not_promised_where_it_takes_types() -> None:
    probe = (
        "import sys; sys.modules['onnx'] = None\n"
        "from types import ModuleType\n"
        "from stf2m_ros.runtime.tensorrt_api import precision_built\n"
        "sys.exit(precision_built(ModuleType('tensorrt'), 'frame_encoder.onnx', 'fp16') != 'fp32')"
    )
    root = str(Path(__file__).parents[2])
    assert subprocess.run([sys.executable, "-c", probe], cwd=root).returncode == 0
