import json
from dataclasses import replace

import numpy as np
import torch
from tiny_windows import people

from stf2m_ros.data.clip import Clip, TimedWord
from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.meta.pretraining import FrameReadout
from stf2m_ros.meta.token_cache import read_states, token_cache, with_read_states
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.stream.settings import Preprocessing, WindowGrid


def readout(seed=0):
    torch.manual_seed(seed)
    return FrameReadout(FrameEncoder(FrameEncoderConfig(width=8, token_dim=8)), regions=2, token_dim=8)


def folder_of_tokens(tmp_path):
    (tmp_path / "tokens.json").write_text(json.dumps({"made": {"names": [], "encoder": "one"}, "counts": []}))
    return tmp_path


def test_the_read_out_is_asked_once_and_its_answers_are_kept(tmp_path):
    cache, folder = people(2), folder_of_tokens(tmp_path)
    first = with_read_states(cache, readout(), "weights", folder)
    written = (folder / "states.npy").stat().st_mtime_ns
    again = with_read_states(cache, readout(seed=1), "weights", folder)  # whoever would answer now is not asked
    assert (folder / "states.npy").stat().st_mtime_ns == written
    assert np.array_equal(first.states, again.states)
    assert first.states.shape == (120, 12)


def test_another_read_out_is_asked_anew(tmp_path):
    cache, folder = people(2), folder_of_tokens(tmp_path)
    first = np.array(with_read_states(cache, readout(), "weights", folder).states)
    other = with_read_states(cache, readout(seed=1), "other weights", folder).states
    assert not np.allclose(first, other)


def test_the_answers_are_the_read_outs_own_however_many_frames_are_read_at_once():
    tokens = people(1).tokens
    with torch.no_grad():
        expected = readout().read(torch.from_numpy(np.array(tokens)))[1].numpy()
    np.testing.assert_allclose(read_states(tokens, readout(), batch=7), expected, atol=1e-3)


def test_tokens_are_read_as_they_are_looked_at_and_never_all_held():
    happened = []

    class Rows(np.ndarray):
        def __getitem__(self, rows):
            happened.append("read")
            return np.asarray(self)[rows]

    class Looked(FrameReadout):
        def read(self, tokens):
            happened.append("looked at")
            return super().read(tokens)

    looked = Looked(FrameEncoder(FrameEncoderConfig(width=8, token_dim=8)), regions=2, token_dim=8)
    read_states(people(1).tokens.view(Rows), looked, batch=20)
    assert happened == ["read", "looked at"] * 3


def test_an_absent_slot_has_no_states(tmp_path):
    cache = with_read_states(people(2), readout(), "weights", folder_of_tokens(tmp_path))
    cache.tracks[1].frame_index[5] = -1
    states = cache.slot_states(1, slice(4, 7))
    assert np.isnan(states[1]).all()
    assert np.array_equal(states[[0, 2]], cache.states[[64, 66]].astype(np.float32))


def test_a_read_out_that_never_learned_components_says_nothing():
    assert np.isnan(people(1).slot_states(0, slice(0, 60))).all()


def test_one_known_component_of_one_frame_is_a_component_label():
    cache = people(2)
    assert cache.has_component_labels
    for track in cache.tracks:
        track.components[:] = np.nan
    assert not cache.has_component_labels
    cache.tracks[1].components[30, 4] = 0.0
    assert cache.has_component_labels


def stored_clips(folder):
    store = ClipStore(folder)
    for name, frames in (("a", 3), ("words", 0), ("b", 2)):
        pictures = np.full((frames, 32, 32, 3), 40 * frames, np.uint8) if frames else None
        store.write(name, Clip(name, name, pictures, np.arange(frames) * 0.1, (TimedWord("so", 0, 0.4),), (), None))
    return store


def encoded(store, folder, encoder, stamp="weights"):
    return token_cache(store, ["a", "words", "b"], encoder, stamp, Preprocessing(size_px=32), WindowGrid(), folder)


def test_encoding_goes_on_where_it_was_stopped(tmp_path):
    store, encoder = stored_clips(tmp_path / "clips"), readout().encoder.eval()
    whole = encoded(store, tmp_path / "whole", encoder)
    assert whole.starts == (0, 3, 3) and len(whole.tokens) == 5
    encoded(store, tmp_path / "stopped", encoder)
    index = tmp_path / "stopped/tokens.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), "done": 2}))
    tokens = np.load(tmp_path / "stopped/tokens.npy", mmap_mode="r+")
    tokens[:3], tokens[3:] = 7, 0
    tokens.flush()
    again = encoded(store, tmp_path / "stopped", encoder).tokens
    assert (again[:3] == 7).all()  # what stood was not made again
    assert np.array_equal(again[3:], whole.tokens[3:])


def test_frames_are_encoded_anew_where_the_clip_or_the_encoder_changed(tmp_path):
    store, encoder = stored_clips(tmp_path / "clips"), readout().encoder.eval()
    before = np.array(encoded(store, tmp_path / "tokens", encoder).tokens)
    frames = np.random.default_rng(0).integers(0, 255, (3, 32, 32, 3), np.uint8)
    store.write("a", replace(store.read("a"), frames=frames), made_from="another video")
    changed = np.array(encoded(store, tmp_path / "tokens", encoder).tokens)
    assert not np.array_equal(changed[:3], before[:3])
    other = encoded(store, tmp_path / "tokens", readout(seed=1).encoder.eval(), "other weights").tokens
    assert not np.allclose(other[3:], changed[3:])
