from dataclasses import replace

import numpy as np
import pytest

from stf2m_ros.data.clip import TimedWord
from stf2m_ros.data.slots import UNLABELLED, SlotTrack
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_batches import (
    NO_WORD,
    Cut,
    WindowSampler,
    WindowSampling,
    class_counts,
    majority,
    mean_where_known,
)
from stf2m_ros.stream.segment_text import segment_text
from stf2m_ros.stream.settings import TextSettings, WindowGrid

GRID = WindowGrid(span_s=6.0)  # 60 slots, 12 segments
PLAIN = WindowSampling(
    full_share=1.0,
    no_frames_share=0,
    no_words_share=0,
    gap_share=0,
    sparse_share=0,
    identity_shift=0,
    lost_features=0,
)


def cache(slots=60):
    """Token i of the one clip holds the number i; neutral first, class 2 in the second half; two words."""
    classes = np.where(np.arange(slots) < slots // 2, NEUTRAL_INDEX, 2)
    components = np.full((slots, 12), 0.5, np.float32)
    words = (TimedWord("Happy", 1.2, 1.4), TimedWord("day", 2.4, 2.6))
    track = SlotTrack("someone", np.arange(slots), classes, components, words)
    tokens = np.arange(slots, dtype=np.float16)[:, None, None] * np.ones((1, 2, 3), np.float16)
    return TokenCache(tokens, (track,), (0,))


def sampler(sampling=PLAIN, slots=60):
    return WindowSampler(cache(slots), GRID, sampling, ["day", "happy"])


def test_a_full_window_holds_the_clip_slot_by_slot():
    batch = sampler().batch(1, (0, 0))
    assert batch.tokens[0, :, 0, 0].tolist() == list(range(60))
    assert batch.frame_presence.all()
    assert batch.class_index[0].tolist() == [NEUTRAL_INDEX] * 6 + [2] * 6


def test_another_person_is_imitated_by_one_shift_for_the_whole_window():
    moved, still = (sampler(how).batch(1, (0, 0)).tokens[0] for how in (replace(PLAIN, identity_shift=0.5), PLAIN))
    shift = moved - still
    assert np.allclose(shift, shift[0], atol=1e-4) and np.abs(shift[0]).min() > 0


def test_a_lost_feature_is_lost_in_every_slot_and_region():
    tokens = sampler(replace(PLAIN, lost_features=0.5)).batch(20, (0, 0)).tokens[:, 1:]  # slot 0 holds zeros
    lost = (tokens == 0).all(axis=(1, 2))
    assert np.array_equal(np.broadcast_to(lost[:, None, None], tokens.shape), tokens == 0)
    assert 0.3 < lost.mean() < 0.7


def test_words_stand_in_every_segment_that_they_overlap():
    ids = sampler().batch(1, (0, 0)).word_ids[0]
    assert ids[2, 0] == 1  # "happy", lower-cased, 1.2 to 1.4 s
    assert ids[4, 0] == ids[5, 0] == 0  # "day" reaches over 2.5 s
    assert (ids[[0, 1, 3]] == NO_WORD).all()


@pytest.mark.parametrize("add_up", [False, True], ids=["mean", "sum"])
def test_a_word_stands_in_the_segments_in_which_the_robot_hears_it(add_up):
    """Words that begin and end on edges of segments, or by a rounding beside them."""
    text = TextSettings(dim=1, add_up=add_up)
    spans = [(at + off, at + 0.5 + off) for at in np.arange(0, 6, 0.5) for off in (-3e-6, 0.0, 3e-6)]
    for span in ((start, end) for start, end in spans if start >= 0):
        track = replace(cache().tracks[0], words=(TimedWord("well", *span),))
        windows = WindowSampler(replace(cache(), tracks=(track,)), GRID, PLAIN, ["well"], text)
        for start, offset in ((0, 0), (0, 3), (3, 7)):
            learned = (windows.word_ids(Cut(0, start, 50), offset) >= 0).any(axis=1)
            inside = [word for word in track.words if start * GRID.slot_s <= word.start_s < (start + 50) * GRID.slot_s]
            begin_s = (start - offset) * GRID.slot_s
            heard = segment_text(inside, Knowing(), begin_s, GRID.segments, GRID.segment_s, text).presence
            assert learned.tolist() == heard.astype(bool).tolist(), (span, start, offset)


class Knowing:
    """Every word has the same vector."""

    dim = 1

    def embed(self, text):
        return np.ones(1, np.float32)


def test_the_beginning_of_a_clip_stands_at_the_end_of_its_window():
    batch = sampler().cut([Cut(clip=0, start=0, length=20)])
    assert batch.frame_presence[0].tolist() == [0.0] * 40 + [1.0] * 20
    assert batch.tokens[0, 40, 0, 0] == 0
    assert (batch.class_index[0, :8] == UNLABELLED).all()
    assert batch.word_ids[0, 8 + 2, 0] == 1


def test_the_same_numbers_give_the_same_batch():
    varied = sampler(WindowSampling())
    first, again, other = varied.batch(8, (1, 5)), varied.batch(8, (1, 5)), varied.batch(8, (1, 6))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again))
    assert not np.array_equal(first.tokens, other.tokens)


def test_fills_from_a_moment_to_the_whole_span_occur():
    batch = sampler(WindowSampling(full_share=0, gap_share=0, sparse_share=0, no_frames_share=0)).batch(200, (0, 0))
    fills = batch.frame_presence.sum(1)
    assert fills.min() < 15
    assert fills.max() > 55


def test_without_frames_only_segments_with_words_are_to_be_learned_and_no_components():
    batch = sampler(WindowSampling(full_share=1.0, no_frames_share=1.0, no_words_share=0)).batch(3, (0, 0))
    heard = (batch.word_ids != NO_WORD).any(-1)
    assert batch.frame_presence.sum() == 0
    assert ((batch.class_index != UNLABELLED) == heard).all()
    assert np.isnan(batch.components).all()


def test_what_the_read_out_saw_stands_where_a_frame_is_left():
    seen = WindowSampler(replace(cache(), states=np.full((60, 12), 0.25, np.float16)), GRID, PLAIN, [])
    window = seen.cut([Cut(clip=0, start=0, length=20)])
    assert np.isnan(window.read_states[0, :8]).all()
    assert (window.read_states[0, 8:] == 0.25).all()
    blind = WindowSampler(
        seen.cache, GRID, WindowSampling(full_share=1.0, no_frames_share=1.0, no_words_share=0), ["day"]
    )
    assert np.isnan(blind.batch(4, (0, 0)).read_states).all()


def test_a_window_never_loses_both_its_frames_and_its_words():
    batch = sampler(WindowSampling(full_share=1.0, no_frames_share=1.0, no_words_share=1.0, gap_share=0)).batch(
        5, (0, 0)
    )
    assert batch.frame_presence.any(1).all()


@pytest.mark.parametrize(
    ("slots", "expected"), [([3, 3, 3, 5, 5], 3), ([UNLABELLED] * 4 + [7], 7), ([UNLABELLED] * 5, UNLABELLED)]
)
def test_a_segment_has_the_class_of_most_of_its_slots(slots, expected):
    assert majority(np.array([slots])).tolist() == [expected]


def test_components_are_averaged_over_the_slots_that_know_them():
    slots = np.full((1, 5, 12), np.nan, np.float32)
    slots[0, 1:3, 0] = [0.2, 0.4]
    mean = mean_where_known(slots)
    assert mean[0, 0] == pytest.approx(0.3)
    assert np.isnan(mean[0, 1:]).all()


def test_a_segment_is_shared_as_the_slots_of_its_class_are():
    shares = np.zeros((2, 19), np.float32)
    shares[0, [3, 4]], shares[1, NEUTRAL_INDEX] = 0.5, 1
    index = np.repeat([0, 1], [33, 27])  # the seventh segment: three slots of the first label, two of the second
    plain = cache()
    classes = np.where(index == 0, 3, NEUTRAL_INDEX)
    track = replace(plain.tracks[0], class_index=classes, label_shares=shares, label_index=index)
    shared = replace(plain, tracks=(track,))
    batch = WindowSampler(shared, GRID, PLAIN, ["day", "happy"]).batch(1, (0, 0))
    assert batch.shares[0, 6, [3, 4, NEUTRAL_INDEX]].tolist() == [0.5, 0.5, 0]
    assert batch.shares[0, 7, NEUTRAL_INDEX] == 1
    assert class_counts(shared)[[3, 4, NEUTRAL_INDEX]].tolist() == [16.5, 16.5, 27]


def test_marks_behind_words_are_words_of_their_own_and_left_out_in_some_windows():
    plain = cache()
    words = (TimedWord("Happy?!", 1.2, 1.4), TimedWord("day", 2.4, 2.6))
    marked = replace(plain, tracks=(replace(plain.tracks[0], words=words),))
    vocabulary = ["!", "?", "day", "happy"]
    ids = WindowSampler(marked, GRID, PLAIN, vocabulary).cut([Cut(0, 0, 60)]).word_ids[0]
    assert ids[2, :4].tolist() == [3, 1, 0, NO_WORD]
    without = WindowSampler(marked, GRID, replace(PLAIN, no_marks_share=1.0), vocabulary).batch(1, (0,)).word_ids[0]
    assert without[2, :4].tolist() == [3, NO_WORD, NO_WORD, NO_WORD]
    assert (without == 2).sum() == 2
