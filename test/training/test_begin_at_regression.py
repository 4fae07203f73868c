"""Clips in which nobody is seen and one word tells the emotion."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.slots import slot_track
from stf2m_ros.meta.intervals import intervals, judge_intervals
from stf2m_ros.meta.processes import ALONE
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.training_loop import OptimiserSettings
from stf2m_ros.meta.window_training import FuzzyInputs, WindowTrainingSettings
from stf2m_ros.net.frame_encoder import FrameEncoderConfig
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.stf2m import WindowHeadConfig
from stf2m_ros.stream.settings import TextSettings, WindowGrid
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.kept_steps import KeptSteps
from stf2m_ros.training.window_stage import WindowStage

MEANT = {"great": 0, "hateful": 3, "awful": 6}
CONFIG = TrainingConfig(
    grid=WindowGrid(span_s=6.0),
    text=TextSettings(buckets=512, rank=8, add_up=True, whole_utterances=True),
    encoder=FrameEncoderConfig(features=1),  # nobody is seen: no picture
    head=WindowHeadConfig(rows=1, columns=1, embedding_dim=16, word_evidence=True),
    window_training=WindowTrainingSettings(
        begin_at_regression=True, optimiser=OptimiserSettings(steps=1, batch_size=2, rate=1e-6)
    ),
)


def cache_of(words):
    clips = [
        Clip("c", "c", None, np.empty(0), (TimedWord(word, 0.2, 0.9),), (LabelInterval(MEANT[word], 0, 1),), None)
        for word in words
    ]
    tracks = tuple(slot_track(clip, CONFIG.grid) for clip in clips)
    return TokenCache(np.zeros((0, 1, CONFIG.head.token_dim), np.float16), tracks, (0,) * len(tracks))


def stage(tmp_path, words):
    rules = RuleTensors(torch.zeros(4, 12), torch.ones(4, 12), torch.ones(4), torch.eye(7)[:4], torch.zeros(4, 3))
    caches = {"train": cache_of(words * 4), "validation": cache_of(words)}
    return WindowStage(CONFIG, FuzzyInputs(rules, torch.tensor([0.4, 0.4])), caches, KeptSteps(tmp_path, ALONE))


def test_training_begins_at_what_the_words_tell(tmp_path):
    begun = stage(tmp_path, list(MEANT))
    model = begun.train(()).eval()
    sampler = begun.sampler("validation", model)
    said = judge_intervals(model, sampler, intervals(sampler))
    assert (said.argmax(1) // 3).tolist() == [0, 1, 2]


def test_clips_without_words_are_told(tmp_path):
    silent = stage(tmp_path, ["great"])
    heard = silent.caches["train"]
    silent.caches["train"] = replace(heard, tracks=tuple(replace(track, words=()) for track in heard.tracks))
    with pytest.raises(ValueError, match="expected words in labelled clips"):
        silent.train(())
