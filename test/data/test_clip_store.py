from dataclasses import replace

import numpy as np
import pytest

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.clip_store import ClipStore


def make_clip(seed: int) -> Clip:
    ramp = np.linspace(0, 200, 16 * 16 * 3).reshape(16, 16, 3)
    return Clip(
        clip_id=f"clip-{seed}",
        subject=f"person-{seed}",
        frames=np.stack([ramp + 10 * index for index in range(4)]).astype(np.uint8),
        frame_s=np.arange(4) * 0.1,
        words=(TimedWord('Ünlucky "day"', 0.1, 0.3, begins=True), TimedWord("so", 0.3, 0.4)),
        labels=(LabelInterval(18, 0.0, 0.2), LabelInterval(4, 0.2, 0.4)),
        components=np.full((4, 12), 0.25, np.float32) + np.float32(seed),
    )


def test_a_clip_comes_back_as_it_went_in(tmp_path):
    store, clip = ClipStore(tmp_path), make_clip(1)
    store.write("one", clip)
    back = store.read("one")
    assert replace(back, frames=None, frame_s=None, components=None) == replace(
        clip, frames=None, frame_s=None, components=None
    )
    assert np.abs(back.frames.astype(int) - clip.frames).max() < 12  # JPEG
    np.testing.assert_allclose(back.components, clip.components)


def test_what_a_set_does_not_know_stays_unknown(tmp_path):
    store = ClipStore(tmp_path)
    store.write("words", replace(make_clip(1), frames=None, frame_s=np.zeros(0), components=None))
    back = store.read("words")
    assert back.frames is None
    assert back.components is None


@pytest.mark.parametrize("content", [b"PK\x03\x04 and then nothing", b""])  # empty: as a power cut leaves it
def test_a_damaged_clip_is_named(tmp_path, content):
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(
        ValueError, match="bad.npz: not a clip of store version 1: .*; delete .*, and its clips are prepared anew"
    ):
        ClipStore(tmp_path).read("bad")


def test_shared_labels_ready_features_and_facts_survive_the_store(tmp_path):
    shares = tuple(np.eye(19)[2] * 0.5 + np.eye(19)[5] * 0.5)
    clip = Clip(
        "a",
        "s",
        None,
        np.array([0.0]),
        (TimedWord("yes", 0, 1),),
        (LabelInterval(2, 0, 1, shares), LabelInterval(18, 1, 2)),
        None,
        features=np.ones((1, 35), np.float32),
        word_vectors=np.full((1, 300), 0.5, np.float32),
        facts={"age": "42"},
    )
    ClipStore(tmp_path).write("a", clip)
    read = ClipStore(tmp_path).read("a")
    assert read.labels == clip.labels and read.facts == clip.facts
    assert (read.features == clip.features).all() and (read.word_vectors == clip.word_vectors).all()


def test_pictures_are_decoded_as_they_are_asked_for(tmp_path):
    store = ClipStore(tmp_path)
    store.write("one", make_clip(1))
    whole, stored = store.read("one").frames, store.frames("one")
    assert len(stored) == store.frame_count("one") == 4
    assert np.array_equal(stored[1:3], whole[1:3])
    assert np.array_equal(stored[np.array([3, 0, 3])], whole[[3, 0, 3]])


def test_a_clip_that_was_made_from_something_else_is_none_of_ours(tmp_path):
    store = ClipStore(tmp_path)
    store.write("one", make_clip(1), made_from="labels of monday")
    assert store.holds("one") and store.holds("one", "labels of monday")
    assert not store.holds("one", "labels of tuesday")
    before = store.digest(["one"])
    store.write("one", make_clip(1), made_from="labels of tuesday")
    assert store.digest(["one"]) != before


def test_a_clip_that_does_not_tell_what_it_was_made_from_is_taken_as_it_is(tmp_path):
    ClipStore(tmp_path).write("one", make_clip(1))
    assert ClipStore(tmp_path).holds("one", "whatever")


def test_a_store_of_another_version_is_told_with_what_to_do(tmp_path):
    np.savez(tmp_path / "old.npz", text=np.array('{"version": 0}'))
    with pytest.raises(ValueError, match="expected version 1, found 0; delete .*, and its clips are prepared anew"):
        ClipStore(tmp_path).holds("old", "fingerprint")
