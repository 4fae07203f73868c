import fcntl
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from fake_gpu import FakeDriver, fake_tensorrt

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, load_bundle
from stf2m_ros.runtime.engine_building import build_missing, fingerprints, only_builder
from stf2m_ros.runtime.engine_cache import EngineCache, NoEngine

DEVICE = "Fake Xavier (compute 7.2)"


def test_engines_are_known_by_graph_version_device_and_precision(tiny_bundle_folder: Path) -> None:
    card = load_bundle(tiny_bundle_folder).card
    wanted = fingerprints(fake_tensorrt(FakeDriver(), version="8.5.2.2"), DEVICE, card, "fp16")
    encoder, head = wanted[FRAME_ENCODER_FILE], wanted[WINDOW_HEAD_FILE]
    assert (encoder.onnx_sha256, encoder.tensorrt) == (card.files[FRAME_ENCODER_FILE], "tensorrt 8.5.2.2")
    assert (encoder.device, encoder.precision, head.precision) == (DEVICE, "fp16", "fp32")


def test_only_what_is_missing_is_built_unless_forced(
    tiny_bundle_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trt, bundle = fake_tensorrt(FakeDriver()), load_bundle(tiny_bundle_folder)
    wanted, cache = fingerprints(trt, DEVICE, bundle.card, "fp16"), EngineCache(tmp_path, "tiny")
    with caplog.at_level(logging.INFO):
        build_missing(trt, wanted, bundle, cache)
        assert len(trt.builds) == 2
        build_missing(trt, wanted, bundle, cache)
        assert len(trt.builds) == 2
        build_missing(trt, wanted, bundle, cache, force=True)
    assert len(trt.builds) == 4
    assert "frame_encoder.onnx: building, no engine in" in caplog.text
    assert "window_head.onnx: built fp32 in" in caplog.text
    assert not isinstance(cache.read(WINDOW_HEAD_FILE, wanted[WINDOW_HEAD_FILE]), NoEngine)


@pytest.mark.parametrize(
    ("fp16_flag", "precision", "built"),
    [
        (True, "fp16", ["flags ['FP16', 'TF32'] network 1", "flags [] network 1"]),
        (True, "fp32", ["flags [] network 1"] * 2),
        (False, "fp16", ["flags ['TF32'] network 2"] * 2),
        (False, "fp32", ["flags [] network 0"] * 2),
    ],
)
def test_fp16_is_a_flag_or_a_type_and_fp32_is_really_that(
    tiny_bundle_folder: Path, tmp_path: Path, fp16_flag: bool, precision: str, built: list
) -> None:
    trt, bundle = fake_tensorrt(FakeDriver(), fp16_flag=fp16_flag), load_bundle(tiny_bundle_folder)
    wanted = fingerprints(trt, DEVICE, bundle.card, precision)
    build_missing(trt, wanted, bundle, EngineCache(tmp_path, "tiny"))
    assert trt.builds == built


def test_a_second_builder_waits_for_the_first(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path, "tiny")
    with only_builder(cache), open(str(cache.folder / "lock")) as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with open(str(cache.folder / "lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # free again


def test_building_and_serving_load_neither_torch_nor_ros() -> None:
    probe = (
        "import sys, stf2m_ros.runtime.backends, stf2m_ros.runtime.engine_building;"
        "sys.exit(bool({'torch', 'rclpy', 'onnx', 'pycuda'} & sys.modules.keys()))"
    )
    root = str(Path(__file__).parents[2])
    assert subprocess.run([sys.executable, "-c", probe], cwd=root).returncode == 0
