import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Iterator

import pytest

from stf2m_ros.runtime.engine_cache import (
    CachedEngine,
    EngineCache,
    Fingerprint,
    NoEngine,
    default_cache_folder,
    is_writable,
)

GRAPH = "frame_encoder.onnx"
PLAN = bytes(range(256)) * 4
FINGERPRINT = Fingerprint("0" * 64, "tensorrt 8.5.2.2", "Xavier (compute 7.2)", "fp16", 8, 1)


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    cache = EngineCache(tmp_path / "engines", "generated_faces")
    cache.write(GRAPH, FINGERPRINT, PLAN)
    return cache


def test_what_was_written_is_read(cache: EngineCache) -> None:
    assert cache.read(GRAPH, FINGERPRINT) == CachedEngine(PLAN)


def test_the_folder_is_readable_by_people(cache: EngineCache) -> None:
    place = cache.folder / "frame_encoder.fp16"
    assert sorted(path.name for path in place.iterdir()) == ["engine.plan", "engine.yaml"]
    assert "device: Xavier (compute 7.2)" in (place / "engine.yaml").read_text()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("onnx_sha256", "1" * 64, "expected onnx_sha256 111111111111, found 000000000000"),
        ("tensorrt", "tensorrt 10.3.0", "expected tensorrt tensorrt 10.3.0, found tensorrt 8.5.2.2"),
        ("device", "Orin (compute 8.7)", "expected device Orin"),
        ("max_batch", 4, "expected max_batch 4, found 8"),
        ("recipe", 2, "expected recipe 2, found 1"),
    ],
)
def test_an_engine_of_anything_else_is_not_taken(cache: EngineCache, field: str, value: object, said: str) -> None:
    found = cache.read(GRAPH, replace(FINGERPRINT, **{field: value}))
    assert isinstance(found, NoEngine)
    assert said in found.reason


def test_an_engine_of_another_precision_is_another_one(cache: EngineCache) -> None:
    assert isinstance(cache.read(GRAPH, replace(FINGERPRINT, precision="fp32")), NoEngine)
    renamed = cache.place(GRAPH, "fp16").rename(cache.place(GRAPH, "fp32"))
    found = cache.read(GRAPH, replace(FINGERPRINT, precision="fp32"))
    assert f"{renamed}: expected precision fp32, found fp16" in found.reason


@pytest.mark.parametrize("damaged", [PLAN[:-1], b"", PLAN[:500] + b"\xff" + PLAN[501:]], ids=["cut", "empty", "byte"])
def test_a_damaged_engine_is_found_out_before_anyone_runs_it(cache: EngineCache, damaged: bytes) -> None:
    (cache.place(GRAPH, "fp16") / "engine.plan").write_bytes(damaged)
    found = cache.read(GRAPH, FINGERPRINT)
    assert isinstance(found, NoEngine)
    assert "the file was changed" in found.reason


@pytest.mark.parametrize("card", [b"", b"- a list", b"plan_sha256: [", b"\xff\xfe"])
def test_a_damaged_card_is_no_engine(cache: EngineCache, card: bytes) -> None:
    (cache.place(GRAPH, "fp16") / "engine.yaml").write_bytes(card)
    assert isinstance(cache.read(GRAPH, FINGERPRINT), NoEngine)


def test_power_lost_between_plan_and_card_leaves_no_engine(cache: EngineCache) -> None:
    (cache.place(GRAPH, "fp16") / "engine.plan").write_bytes(b"the new plan, complete")
    assert isinstance(cache.read(GRAPH, FINGERPRINT), NoEngine)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "engines").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert not is_writable(tmp_path / "engines")
    assert "will be built again at the next start" in caplog.text
    assert isinstance(EngineCache(tmp_path / "engines", "generated_faces").read(GRAPH, FINGERPRINT), NoEngine)


def test_a_folder_that_can_be_written_is_made(tmp_path: Path) -> None:
    assert is_writable(tmp_path / "engines")
    assert list((tmp_path / "engines").iterdir()) == []


def test_a_bundles_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    assert EngineCache(tmp_path, "../../etc/x").folder.parent == tmp_path


def test_the_default_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_cache_folder() == Path("/somewhere/stf2m_ros/engines")


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A user that is no more than a number."""
    if os.getuid():
        pytest.skip("only root may be somebody else")
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    os.setresuid(54321, 54321, 0)
    yield
    os.setresuid(0, 0, 0)


def test_a_user_without_a_home_keeps_no_engines_and_is_told(nameless: None, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert not is_writable(default_cache_folder())
    assert "Permission denied: '/nonexistent'" in caplog.text
