"""Made-up dialogues in which the marks of an utterance, or what was said before it, tell the emotion."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_windows import PLAIN, model_of

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.slots import slot_track
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.meta.intervals import cut_ending_with, intervals, judge_intervals
from stf2m_ros.meta.text_regression import TextRegressionSettings, begin_at, fit_regression, spoken_in
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_batches import NO_WORD, WindowSampler, cache_vocabulary
from stf2m_ros.meta.window_training import segment_words
from stf2m_ros.net.stf2m import WindowHeadConfig
from stf2m_ros.stream.segment_text import segment_text
from stf2m_ros.stream.settings import TextSettings, WindowGrid
from stf2m_ros.stream.text_embedding import SubwordTable
from stf2m_ros.stream.timed_word import as_utterance

GRID = WindowGrid(span_s=12.0)
TEXT = TextSettings(dim=12, buckets=4096, rank=8, min_n=9, max_n=9, pairs=True, add_up=True, whole_utterances=True)
HEAD = WindowHeadConfig(rows=1, columns=1, token_dim=8, text_dim=12, embedding_dim=16, word_evidence=True)
SAID = ["you did it", "you did it!", "oh"]
KINDS = {"you did it": NEUTRAL_INDEX, "you did it!": 0}


def class_of(text, before):
    """What an "oh" means depends on what it answers."""
    return KINDS.get(text, 6 if before == "you did it" else NEUTRAL_INDEX)


def dialogue(texts):
    labels, words = [], []
    for place, (before, text) in enumerate(zip(["", *texts], texts)):
        start_s = 1.3 * place  # utterances meet within segments
        labels.append(LabelInterval(class_of(text, before), start_s, start_s + 1.3))
        step_s = 1.3 / len(text.split())
        spoken = [
            TimedWord(word, start_s + i * step_s, start_s + (i + 1) * step_s) for i, word in enumerate(text.split())
        ]
        words += as_utterance(spoken)
    return Clip("d", "d", None, np.empty(0), tuple(words), tuple(labels), None)


@pytest.fixture(scope="module")
def source():
    rng = np.random.default_rng(0)
    tracks = tuple(slot_track(dialogue(rng.choice(SAID, 5)), GRID) for _ in range(20))
    cache = TokenCache(np.zeros((0, 1, 8), np.float16), tracks, (0,) * len(tracks))
    return WindowSampler(cache, GRID, PLAIN, cache_vocabulary(cache, pairs=True, whole_utterances=True), TEXT)


@pytest.fixture(scope="module")
def model(source):
    begun = model_of(HEAD, TEXT, list(source.word_id)).eval()
    begin_at(fit_regression(spoken_in(source), begun.text, TextRegressionSettings()), begun)
    return begun


def test_marks_and_what_was_said_before_tell_the_emotion(source, model):
    said = judge_intervals(model, source, intervals(source))
    kinds = np.where(said.argmax(1) == NEUTRAL_INDEX, 6, said.argmax(1) // 3)
    assert np.mean(kinds == spoken_in(source).kind) > 0.97


def test_the_robot_hears_utterances_as_training_did(source, model, tmp_path):
    np.savez(tmp_path / "text_table.npz", **model.text.to_arrays())
    table = SubwordTable.load(tmp_path / "text_table.npz", TEXT)
    cut = cut_ending_with(source, intervals(source)[4])
    ids = torch.from_numpy(source.word_ids(cut, GRID.slots - cut.length))
    with torch.no_grad():
        expected, presence = segment_words(model.text(), ids, TEXT)
    start_s = (cut.start + cut.length) * GRID.slot_s - GRID.span_s
    found = segment_text(source.cache.tracks[0].words, table, start_s, GRID.segments, GRID.segment_s, TEXT)
    np.testing.assert_allclose(found.vectors, expected, atol=5e-3)
    np.testing.assert_array_equal(found.presence, presence)


def test_an_utterance_that_goes_on_when_the_window_ends_is_not_in_it(source):
    cut = cut_ending_with(source, intervals(source)[0])
    newest = source.word_ids(cut, GRID.slots - cut.length)[-1]
    words = list(source.word_id)
    assert not any(words[index].endswith("<") for index in newest[newest != NO_WORD])


def test_without_marks_no_word_is_known_by_its_utterances_marks(source):
    deaf = WindowSampler(source.cache, GRID, replace(PLAIN, no_marks_share=1.0), list(source.word_id), TEXT)
    ids, words = deaf.batch(4, (0,)).word_ids, list(source.word_id)
    assert not any("!" in words[index] for index in ids[ids != NO_WORD])


def test_whole_utterances_are_sums():
    with pytest.raises(ValueError, match="add_up with whole_utterances"):
        replace(TEXT, add_up=False)
