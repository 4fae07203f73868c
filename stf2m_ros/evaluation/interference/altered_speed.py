"""Clips played at a speed that changes at random: the third environment of the paper's ablation study (VI-E)."""

from dataclasses import replace

import numpy as np

from stf2m_ros.data.slots import SlotTrack
from stf2m_ros.meta.token_cache import TokenCache

SLOWEST, FASTEST = 0.5, 2.0
_STRETCH_SLOTS = (10, 30)
"""The speed changes every one to three seconds of the clip [ours: the paper says no more than "randomly altered"]."""


def at_altered_speed(cache: TokenCache, seed: int, slot_s: float) -> TokenCache:
    """Every clip sped up and slowed down in turn: pictures, labels, component states and words alike."""
    tracks = (_warped(track, np.random.default_rng((seed, clip)), slot_s) for clip, track in enumerate(cache.tracks))
    return replace(cache, tracks=tuple(tracks))


def _warped(track: SlotTrack, rng: np.random.Generator, slot_s: float) -> SlotTrack:
    place = _places(len(track), rng)  # which old slot each new one shows
    new_time_s = np.searchsorted(place, np.arange(len(track) + 1)) * slot_s
    words = []
    for word in track.words:
        start, end = (new_time_s[min(int(at_s / slot_s), len(track))] for at_s in (word.start_s, word.end_s))
        words.append(replace(word, start_s=float(start), end_s=float(max(start, end))))
    return replace(
        track,
        frame_index=track.frame_index[place],
        class_index=track.class_index[place],
        components=track.components[place],
        words=tuple(words),
        label_index=None if track.label_index is None else track.label_index[place],
    )


def _places(length: int, rng: np.random.Generator) -> np.ndarray:
    """Old slots in their order, left out where the clip is fast and shown again where it is slow."""
    places, at = [], 0.0
    while at < length:
        speed = float(np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST))))
        until = at + rng.integers(*_STRETCH_SLOTS)
        while at < min(until, length):
            places.append(int(at))
            at += speed
    return np.array(places)
