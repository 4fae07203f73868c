"""Words alone: utterances whose one word tells their emotion."""

import numpy as np
import torch
from tiny_windows import PLAIN

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.slots import slot_track
from stf2m_ros.meta.intervals import (
    NO_LABEL,
    Interval,
    cut_ending_with,
    intervals,
    label_of_segments,
    pooling,
)
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_batches import WindowSampler
from stf2m_ros.stream.settings import WindowGrid

GRID = WindowGrid(span_s=6.0)
WORDS = ["angry", "glad", "so"]


def dialogue(*emotions):
    """An utterance of 1.2 s for each: `so`, and a word of its emotion."""
    labels, words = [], []
    for place, emotion in enumerate(emotions):
        start_s = 1.5 * place
        labels.append(LabelInterval(0 if emotion == "glad" else 3, start_s, start_s + 1.2))
        words += [TimedWord("so", start_s, start_s + 0.4), TimedWord(emotion, start_s + 0.5, start_s + 1.1)]
    return Clip("d", "d", None, np.empty(0), tuple(words), tuple(labels), None)


def sampler(clips=40):
    rng = np.random.default_rng(0)
    spoken = [dialogue(*rng.choice(["glad", "angry"], 5)) for _ in range(clips)]
    tracks = tuple(slot_track(clip, GRID) for clip in spoken)
    return WindowSampler(TokenCache(np.zeros((0, 1, 8), np.float16), tracks, (0,) * clips), GRID, PLAIN, WORDS)


def test_a_window_ends_on_the_segment_grid_where_its_utterance_ends():
    cut = cut_ending_with(sampler(), Interval(0, 1))
    assert (cut.start, cut.length) == (0, 30)  # 1.5 to 2.7 s; the next edge is at 3 s
    late = cut_ending_with(sampler(), Interval(0, 4))
    assert (late.start + late.length, late.length) == (72, 57)  # the clip ends at 7.2 s; the window begins on an edge
    assert late.start % GRID.slots_per_segment == 0


def test_each_utterance_is_one_answer_whatever_its_length():
    source = sampler()
    cuts = [cut_ending_with(source, Interval(0, 1)), cut_ending_with(source, Interval(1, 0))]
    pooled = pooling(source, cuts)
    assert pooled.weight.shape == (3, 2 * GRID.segments)
    assert torch.allclose(pooled.weight.sum(1), torch.ones(3))
    assert pooled.weight[2, : GRID.segments].sum() == 0  # of the second window
    assert pooling(source, cuts, only=[1, 0]).class_index.tolist() == pooled.class_index[1:].tolist()


def test_an_utterance_too_short_for_a_segment_of_its_own_has_the_one_it_lies_in():
    labels = (LabelInterval(0, 0.0, 0.8), LabelInterval(3, 0.8, 1.0), LabelInterval(6, 1.0, 2.0))
    clip = Clip("d", "d", None, np.empty(0), (TimedWord("so", 0.8, 0.9),), labels, None)
    cache = TokenCache(np.zeros((0, 1, 8), np.float16), (slot_track(clip, GRID),), (0,))
    source = WindowSampler(cache, GRID, PLAIN, WORDS)
    pooled = pooling(source, [cut_ending_with(source, Interval(0, 1))])
    assert pooled.class_index.tolist() == [0, 3]
    assert pooled.weight[1].nonzero().ravel().tolist() == [GRID.segments - 1]


def test_a_label_that_covers_no_slot_is_no_interval():
    labels = (LabelInterval(0, 0.0, 0.52), LabelInterval(3, 0.52, 0.58), LabelInterval(6, 0.58, 2.0))
    track = slot_track(Clip("d", "d", None, np.empty(0), (), labels, None), GRID)
    source = WindowSampler(TokenCache(np.zeros((0, 1, 8), np.float16), (track,), (0,)), GRID, PLAIN, WORDS)
    assert intervals(source) == [Interval(0, 0), Interval(0, 2)]
    cuts = [cut_ending_with(source, interval) for interval in intervals(source)]
    assert pooling(source, cuts, [interval.label for interval in intervals(source)]).class_index.tolist() == [0, 6]


def test_a_segment_has_the_label_of_most_of_its_slots():
    labels = np.array([[0, 0, 1], [NO_LABEL, NO_LABEL, 2], [NO_LABEL] * 3])
    assert label_of_segments(labels).tolist() == [0, 2, NO_LABEL]
