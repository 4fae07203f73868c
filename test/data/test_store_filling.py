"""Several processes fill a store: in order, resumable, a broken clip told to whoever asked for it."""

import os
import time
from functools import partial

import pytest

from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.pictures import PictureFiles
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.store_filling import ClipJob, fill_stores


def recording(name, folder):
    """One without pictures; the one called broken has a picture that is not there."""
    missing = PictureFiles((folder / "missing.png",), (0.0,)) if name == "broken" else None
    return FilmedRecording(name, "somebody", pictures=missing)


def jobs_in(folder, *names, made_from=""):
    return [ClipJob(folder, name, recording(name, folder).load, made_from) for name in names]


def test_filling_goes_on_where_it_stopped(tmp_path):
    ClipStore(tmp_path).write("b", recording("the one that stood", tmp_path).load())
    names = ["a", "b", "c", "d", "e", "f", "g"]
    assert [job.name for job, outcome in fill_stores(jobs_in(tmp_path, *names), workers=1)] == names
    assert ClipStore(tmp_path).read("b").clip_id == "the one that stood"
    assert ClipStore(tmp_path).names() == names
    assert not list(tmp_path.glob(".*.part"))


def test_a_clip_of_something_else_is_made_anew(tmp_path):
    ClipStore(tmp_path).write("a", recording("of old labels", tmp_path).load(), made_from="old")
    for _, outcome in fill_stores(jobs_in(tmp_path, "a", made_from="new"), workers=1):
        outcome()
    assert ClipStore(tmp_path).read("a").clip_id == "a"


def test_a_broken_clip_is_told_whole_and_the_others_stand(tmp_path):
    told = []
    for job, outcome in fill_stores(jobs_in(tmp_path, "a", "broken", "c"), workers=2):
        try:
            outcome()
        except BrokenFileError as error:
            told.append((job.name, str(error)))
    assert told == [("broken", f"{tmp_path / 'missing.png'}: expected a picture, found no file")]
    assert ClipStore(tmp_path).names() == ["a", "c"]


def test_who_stops_early_waits_for_no_clip_that_nobody_asked_for(tmp_path):
    names = [f"clip{number}" for number in range(20)]
    filling = fill_stores(jobs_in(tmp_path, *names), workers=1)
    assert next(filling)[0].name == "clip0"
    filling.close()
    made = ClipStore(tmp_path).names()
    assert "clip0" in made and len(made) < len(names)


def test_where_everything_stands_no_process_is_started(tmp_path):
    ClipStore(tmp_path).write("a", recording("a", tmp_path).load())
    jobs = [ClipJob(tmp_path, "a", lambda: pytest.fail("nobody asked"))]  # a lambda goes to no other process
    assert [job.name for job, _ in fill_stores(jobs, workers=2)] == ["a"]


def dying(note):
    """As a process that the system kills for its memory. The other process cannot import what is in a test."""
    tell = f"import os, pathlib, signal; pathlib.Path({str(note)!r}).write_text(str(os.getpid()))"
    return partial(exec, f"{tell}; os.kill(os.getpid(), signal.SIGKILL)")


def died(note):
    """Waits until the process of that note is gone, and its pool knows."""
    latest = time.monotonic() + 60
    while not note.exists() or os.path.exists(f"/proc/{note.read_text() or 'self'}"):
        assert time.monotonic() < latest, "the process that makes clips never began, or would not end"
        time.sleep(0.02)
    time.sleep(0.5)


@pytest.mark.parametrize("asked_for_more", [False, True])
def test_a_killed_process_is_told_before_and_after_another_clip_is_asked_for(tmp_path, asked_for_more):
    def jobs():
        yield ClipJob(tmp_path, "a", dying(tmp_path / "note"))
        if asked_for_more:
            died(tmp_path / "note")
            yield from jobs_in(tmp_path, "b")

    with pytest.raises(ChildProcessError, match=f"^{'b' if asked_for_more else 'a'}: expected a clip, found .* killed"):
        list(fill_stores(jobs(), workers=1))
