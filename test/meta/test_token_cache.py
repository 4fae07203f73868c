import json

import numpy as np
import torch
from tiny_windows import people

from stf2m_ros.meta.pretraining import FrameReadout
from stf2m_ros.meta.token_cache import read_states, with_read_states
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig


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
