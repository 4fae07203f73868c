"""A few made-up people whose tokens tell their expression, for tests of learning."""

from typing import Sequence

import numpy as np
import torch

from stf2m_ros.data.clip import TimedWord
from stf2m_ros.data.slots import SlotTrack
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_batches import WindowSampler, WindowSampling
from stf2m_ros.meta.window_training import FuzzyInputs, WindowModel
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.stf2m import WindowHeadConfig
from stf2m_ros.stream.settings import TextSettings, WindowGrid

GRID = WindowGrid(span_s=6.0)
HEAD = WindowHeadConfig(rows=1, columns=2, token_dim=8, text_dim=6, embedding_dim=16)
PLAIN = WindowSampling(full_share=1.0, no_frames_share=0, no_words_share=0, gap_share=0, sparse_share=0)


def people(clips: int = 12) -> TokenCache:
    """Each clip: neutral, then one emotion of 2 s, then neutral; the tokens are the class's own pattern and noise."""
    rng = np.random.default_rng(0)
    patterns = rng.normal(size=(19, 2, 8))
    tracks, tokens = [], []
    for clip in range(clips):
        classes = np.full(60, NEUTRAL_INDEX)
        classes[20:40] = 3 * (clip % 3) + np.repeat([0, 2], 10)
        tokens.append(patterns[classes] + 0.3 * rng.normal(size=(60, 2, 8)))
        components = np.repeat(classes[:, None] / 19, 12, axis=1).astype(np.float32)
        words = (TimedWord("well", 2.1, 2.4),)
        tracks.append(SlotTrack(f"person-{clip}", np.arange(60), classes, components, words))
    return TokenCache(np.concatenate(tokens).astype(np.float16), tuple(tracks), tuple(range(0, 60 * clips, 60)))


def sampler(cache: TokenCache, sampling: WindowSampling = PLAIN) -> WindowSampler:
    return WindowSampler(cache, GRID, sampling, ["well"])


def model() -> WindowModel:
    return model_of(HEAD, TextSettings(dim=6, buckets=32, rank=4))


def model_of(head: WindowHeadConfig, text: TextSettings, words: Sequence[str] = ("well",)) -> WindowModel:
    """An untrained one, with four made-up rules."""
    torch.manual_seed(0)
    codes = torch.randn(4, 12).round()
    rules = RuleTensors(codes, torch.ones(4, 12), torch.ones(4), torch.eye(7)[[0, 1, 2, 6]], torch.zeros(4, 3))
    return WindowModel(head, text, list(words), FuzzyInputs(rules, torch.tensor([0.4, 0.4])))
