"""Made-up dialogues in which one word, or two that follow each other, tell the emotion."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_windows import PLAIN, model_of

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.slots import slot_track
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.meta.intervals import intervals, judge_intervals
from stf2m_ros.meta.text_regression import OF_LEVELS, begin_at, bucket_shares, fit_regression, spoken_in
from stf2m_ros.meta.text_regression import TextRegressionSettings as Settings
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_batches import WindowSampler, cache_vocabulary
from stf2m_ros.net.stf2m import WindowHeadConfig
from stf2m_ros.stream.segment_text import segment_text
from stf2m_ros.stream.settings import TextSettings, WindowGrid
from stf2m_ros.stream.text_embedding import SubwordTable

GRID = WindowGrid(span_s=12.0)
TEXT = TextSettings(dim=12, buckets=512, rank=8, min_n=9, max_n=9, pairs=True, add_up=True)
HEAD = WindowHeadConfig(rows=1, columns=1, token_dim=8, text_dim=12, embedding_dim=16, word_evidence=True)
SAID = {"so glad": 0, "glad so": 3, "oh no!": 6, "well": NEUTRAL_INDEX}


def dialogue(texts):
    labels, words = [], []
    for place, text in enumerate(texts):
        start_s = 1.5 * place
        labels.append(LabelInterval(SAID[text], start_s, start_s + 1.0))
        spoken = text.split()
        words += [TimedWord(word, start_s + 0.4 * i, start_s + 0.4 * (i + 1)) for i, word in enumerate(spoken)]
    return Clip("d", "d", None, np.empty(0), tuple(words), tuple(labels), None)


@pytest.fixture(scope="module")
def source():
    rng = np.random.default_rng(0)
    tracks = tuple(slot_track(dialogue(rng.choice(list(SAID), 5)), GRID) for _ in range(20))
    cache = TokenCache(np.zeros((0, 1, 8), np.float16), tracks, (0,) * len(tracks))
    return WindowSampler(cache, GRID, PLAIN, cache_vocabulary(cache, pairs=True), TEXT)


@pytest.fixture(scope="module")
def begun(source):
    model = model_of(HEAD, TEXT, list(source.word_id)).eval()
    regression = fit_regression(spoken_in(source), model.text, Settings(penalty=1e-3))
    begin_at(regression, model)
    return model, regression


def test_pairs_tell_what_single_words_do_not(source, begun):
    model, _ = begun
    said = judge_intervals(model, source, intervals(source))
    kinds = np.where(said.argmax(1) == NEUTRAL_INDEX, 6, said.argmax(1) // 3)
    assert np.mean(kinds == spoken_in(source).kind) > 0.95


def with_more_clips(source, *clips):
    tracks = (*source.cache.tracks, *(slot_track(clip, GRID) for clip in clips))
    cache = TokenCache(np.zeros((0, 1, 8), np.float16), tracks, (0,) * len(tracks))
    return WindowSampler(cache, GRID, PLAIN, list(source.word_id), TEXT)


def test_a_clip_that_nobody_labelled_tells_nothing(source):
    unlabelled = Clip("u", "u", None, np.empty(0), (TimedWord("well", 0.0, 0.4),), (), None)
    assert spoken_in(with_more_clips(source, unlabelled)).kind.tolist() == spoken_in(source).kind.tolist()


def test_the_head_begins_at_what_the_regression_says(source, begun):
    model, regression = begun
    expected = spoken_in(source).words @ (bucket_shares(model.text) @ regression.weights) + regression.bias
    said = judge_intervals(model, source, intervals(source))[:, [0, 3, 6, 9, 12, 15, 18]]
    np.testing.assert_allclose(said, expected, atol=0.15)  # unit length bends the vectors
    assert len(OF_LEVELS) == 7


def test_the_robot_adds_up_the_words_as_training_did(source, begun, tmp_path):
    model, _ = begun
    np.savez(tmp_path / "text_table.npz", **model.text.to_arrays())
    table, track = SubwordTable.load(tmp_path / "text_table.npz", TEXT), source.cache.tracks[0]
    whole = WindowSampler(source.cache, replace(GRID, span_s=7.5), PLAIN, list(source.word_id), TEXT)
    ids = torch.from_numpy(whole._word_ids(list(track.words), 0.0))
    with torch.no_grad():
        expected = (model.text()[ids.clamp(min=0)] * (ids >= 0).unsqueeze(-1)).sum(-2)
    found = segment_text(track.words, table, 0.0, 15, 0.5, TEXT)
    np.testing.assert_allclose(found.vectors, expected, atol=5e-3)


def test_a_head_without_the_straight_way_is_refused(begun):
    _, regression = begun
    with pytest.raises(ValueError, match="word_evidence"):
        begin_at(regression, model_of(replace(HEAD, word_evidence=False), TEXT))


def test_a_table_that_is_too_narrow_is_refused(begun):
    _, regression = begun
    with pytest.raises(ValueError, match="rank 8 or more, found 4"):
        begin_at(regression, model_of(HEAD, replace(TEXT, rank=4)))
