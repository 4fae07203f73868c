import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fakes import write_tiny_bundle

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from measuring.crowd import Crowd, encoded_crowd

from stf2m_ros.data.generated_faces.clip import generate_clip
from stf2m_ros.data.slots import slot_track
from stf2m_ros.runtime.bundle import read_card

SMALL = Crowd("test", people=2, recordings=2, duration_s=2.0)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle"))


def test_everybody_is_recorded_as_often_and_in_turn():
    crowd = Crowd("test", people=3, recordings=4)
    who = [crowd._person(seed) for seed in crowd.seeds()]
    assert set(Counter(who).values()) == {4}
    assert who[:3] == who[3:6] == who[6:9] == [0, 1, 2]


def test_tracks_and_tokens_are_those_of_the_generated_clips(bundle, tmp_path):
    cache, card = encoded_crowd(SMALL, bundle, tmp_path), read_card(bundle)
    assert cache.tokens.shape == (4 * 10, card.tokens.regions, card.tokens.token_dim)
    for seed, track in zip(SMALL.seeds(), cache.tracks):
        expected = slot_track(generate_clip(seed, SMALL.settings), card.grid)
        assert track.subject == expected.subject
        assert track.words == expected.words
        assert np.array_equal(track.class_index, expected.class_index)
        assert np.array_equal(track.components, expected.components, equal_nan=True)


def test_what_stands_is_not_recorded_again(bundle, tmp_path):
    encoded_crowd(SMALL, bundle, tmp_path)
    stamp = (tmp_path / "tokens.npy").stat().st_mtime_ns
    encoded_crowd(SMALL, bundle, tmp_path)
    assert (tmp_path / "tokens.npy").stat().st_mtime_ns == stamp


def test_nobody_is_no_crowd():
    with pytest.raises(ValueError, match="at least one person"):
        Crowd("test", people=0, recordings=2)
