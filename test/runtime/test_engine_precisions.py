"""int8, and engines for a DLA: what is asked of the builder, and what is kept. The fake refuses as TensorRT does."""

from dataclasses import replace
from pathlib import Path
from typing import Any, List

import pytest
from fake_gpu import FakeDriver, fake_tensorrt

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, Bundle, BundleMismatch, load_bundle
from stf2m_ros.runtime.cuda_buffers import device_name
from stf2m_ros.runtime.engine_building import build_missing, fingerprints, recipe_of
from stf2m_ros.runtime.engine_cache import EngineCache, NoEngine
from stf2m_ros.runtime.fast_engines import FastEngines
from stf2m_ros.runtime.int8_encoder import FRAME_ENCODER_TENSORRT_INT8_FILE, require_for_tensorrt
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.runtime.tensorrt_api import DlaRefused, require_dla
from stf2m_ros.runtime.tensorrt_builder import EngineBuildError, Recipe, build_plan

DEVICE = "Fake Xavier (compute 7.2)"


@pytest.fixture
def bundle(int8_bundle_folder: Path) -> Bundle:
    return load_bundle(int8_bundle_folder)


def built(bundle: Bundle, cache: Path, precision: str, dla: int = -1, **how: Any) -> List[str]:
    """What a builder that is like that was asked for."""
    trt = fake_tensorrt(FakeDriver(), **how)
    wanted = fingerprints(trt, DEVICE, bundle.card, precision, dla)
    build_missing(trt, wanted, bundle, EngineCache(cache, bundle.card.name))
    return trt.builds


def test_where_flags_say_the_precision_int8_is_one_beside_fp16(bundle: Bundle, tmp_path: Path) -> None:
    encoder, head = built(bundle, tmp_path, "int8")
    assert encoder == "flags ['FP16', 'INT8', 'TF32'] network 1"
    assert head == "flags [] network 1"


def test_where_types_say_it_the_int8_graph_is_strongly_typed(bundle: Bundle, tmp_path: Path) -> None:
    assert built(bundle, tmp_path, "int8", fp16_flag=False) == ["flags ['TF32'] network 2"] * 2


def test_an_int8_engine_is_known_by_the_graph_that_it_was_built_from(bundle: Bundle) -> None:
    wanted = fingerprints(fake_tensorrt(FakeDriver()), DEVICE, bundle.card, "int8")
    assert wanted[FRAME_ENCODER_FILE].onnx_sha256 == bundle.card.files[FRAME_ENCODER_TENSORRT_INT8_FILE]
    assert wanted[WINDOW_HEAD_FILE].onnx_sha256 == bundle.card.files[WINDOW_HEAD_FILE]
    assert (wanted[FRAME_ENCODER_FILE].precision, wanted[WINDOW_HEAD_FILE].precision) == ("int8", "fp32")


def test_a_bundle_that_was_not_quantised_gets_fp16_for_int8(tiny_bundle_folder: Path) -> None:
    bundle = load_bundle(tiny_bundle_folder)
    wanted = fingerprints(fake_tensorrt(FakeDriver()), DEVICE, bundle.card, "int8")
    assert wanted == fingerprints(fake_tensorrt(FakeDriver()), DEVICE, bundle.card, "fp16")
    with pytest.raises(BundleMismatch, match="expected frame_encoder.int8_tensorrt.onnx for int8, found none"):
        require_for_tensorrt(bundle)


def test_an_int8_graph_of_another_encoder_is_not_built(bundle: Bundle, tmp_path: Path) -> None:
    retrained = replace(bundle, card=replace(bundle.card, files={**bundle.card.files, FRAME_ENCODER_FILE: "0" * 64}))
    with pytest.raises(BundleMismatch, match="expected it to be made from frame_encoder.onnx of sha256 000000000000"):
        built(retrained, tmp_path, "int8")


def test_the_int8_engine_agrees_with_float32_as_far_as_int8_can(bundle: Bundle, tmp_path: Path) -> None:
    driver = FakeDriver()
    trt, cache = fake_tensorrt(driver), EngineCache(tmp_path, bundle.card.name)
    wanted = fingerprints(trt, device_name(driver), bundle.card, "int8")
    build_missing(trt, wanted, bundle, cache)
    fast = FastEngines(trt, bundle, cache, wanted, driver)
    fast.require_agreement(bundle, {file: OnnxEngine(bundle.path(file)) for file in wanted})
    assert fast.name == "tensorrt-int8"
    fast.close()


def test_a_dla_is_a_device_a_core_and_a_way_out(bundle: Bundle, tmp_path: Path) -> None:
    encoder, head = built(bundle, tmp_path, "fp16", dla=1, dla_cores=2)
    assert encoder == "flags ['FP16', 'GPU_FALLBACK', 'TF32'] network 1 DLA 1"
    assert head == "flags [] network 1"


def test_int8_on_a_dla_is_the_float32_graph_with_ranges(bundle: Bundle, tmp_path: Path) -> None:
    encoder, _ = built(bundle, tmp_path, "int8", dla=0, dla_cores=1)
    assert encoder.startswith("flags ['FP16', 'GPU_FALLBACK', 'INT8', 'TF32'] network 1 DLA 0 ranges ")
    recipe = recipe_of(
        bundle,
        FRAME_ENCODER_FILE,
        fingerprints(fake_tensorrt(FakeDriver()), DEVICE, bundle.card, "int8", 0)[FRAME_ENCODER_FILE],
    )
    assert recipe.onnx_path.name == FRAME_ENCODER_FILE
    assert recipe.max_batch == 1


def test_engines_for_the_gpu_and_for_each_core_are_kept_apart(bundle: Bundle, tmp_path: Path) -> None:
    for dla in (-1, 0, 1):
        built(bundle, tmp_path, "fp16", dla, dla_cores=2)
    places = sorted(each.name for each in EngineCache(tmp_path, bundle.card.name).folder.iterdir())
    assert places == ["frame_encoder.fp16", "frame_encoder.fp16.dla0", "frame_encoder.fp16.dla1", "window_head.fp32"]
    assert built(bundle, tmp_path, "fp16", 1, dla_cores=2) == []


def test_an_engine_of_another_core_is_not_taken(bundle: Bundle, tmp_path: Path) -> None:
    built(bundle, tmp_path, "fp16", 0, dla_cores=2)
    cache, trt = EngineCache(tmp_path, bundle.card.name), fake_tensorrt(FakeDriver())
    cache.place(FRAME_ENCODER_FILE, "fp16", 0).rename(cache.place(FRAME_ENCODER_FILE, "fp16", 1))
    found = cache.read(FRAME_ENCODER_FILE, fingerprints(trt, DEVICE, bundle.card, "fp16", 1)[FRAME_ENCODER_FILE])
    assert isinstance(found, NoEngine)
    assert "expected dla 1, found 0" in found.reason


def test_a_core_that_this_machine_lacks_is_said(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(EngineBuildError, match="dla: expected a core below 1, found 1"):
        built(bundle, tmp_path, "fp16", 1, dla_cores=1)


@pytest.mark.parametrize(
    ("how", "precision", "said"),
    [
        ({"fp16_flag": False, "version": "11.0"}, "fp16", "tensorrt 11.0 builds for no DLA; TensorRT 8.5 to 10.7 do"),
        ({}, "fp32", "expected precision fp16 or int8, found fp32"),
    ],
)
def test_a_dla_is_refused_where_there_is_none(how: dict, precision: str, said: str) -> None:
    with pytest.raises(DlaRefused, match=said):
        require_dla(fake_tensorrt(FakeDriver(), **how), 0, precision)


def test_the_real_tensorrt_rtx_keeps_the_names_but_is_refused() -> None:
    trt = pytest.importorskip("tensorrt_rtx_bindings")
    assert hasattr(trt.DeviceType, "DLA")
    with pytest.raises(DlaRefused, match="dla: tensorrt_rtx 1.* builds for no DLA"):
        require_dla(trt, 0, "fp16")


def test_int8_on_a_dla_without_any_range_is_said(bundle: Bundle) -> None:
    shapes = {"faces": ("N", 3, 112, 112)}
    recipe = Recipe(bundle.path(FRAME_ENCODER_FILE), shapes, "int8", max_batch=1, dla=0)
    with pytest.raises(EngineBuildError, match="expected ranges of the graph's tensors for int8, found none"):
        build_plan(fake_tensorrt(FakeDriver(), dla_cores=1), recipe)


def test_a_dla_takes_one_size_of_batch_only(bundle: Bundle) -> None:
    recipe = Recipe(bundle.path(FRAME_ENCODER_FILE), {"faces": ("N", 3, 112, 112)}, "fp16", max_batch=8, dla=0)
    with pytest.raises(EngineBuildError, match="a DLA does not support dynamic dimensions"):
        build_plan(fake_tensorrt(FakeDriver(), dla_cores=1), recipe)
