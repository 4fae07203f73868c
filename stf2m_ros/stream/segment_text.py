"""Words on the segment grid: one vector per segment, the mean of its words or their sum."""

import math
from dataclasses import dataclass
from typing import Iterable, List

import numpy as np

from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.spoken_parts import spoken_parts
from stf2m_ros.stream.text_embedding import TextEmbedding
from stf2m_ros.stream.timed_word import TimedWord

_MEANS = TextSettings()
_ON_THE_EDGE = 1e-5  # of a segment: stamps near 1.8e9 s are exact to 2.4e-7 s only


@dataclass(frozen=True)
class SegmentText:
    """The text of S segments."""

    vectors: np.ndarray  # (S, dim) float32, mean or sum of the segment's known words and marks, zeros without any
    presence: np.ndarray  # (S,) float32, 1 where the segment holds a word that the embedding knows
    word_counts: np.ndarray  # (S,) int64, known or not


def segment_text(
    words: Iterable[TimedWord],
    embedding: TextEmbedding,
    start_s: float,
    segments: int,
    segment_s: float,
    settings: TextSettings = _MEANS,
) -> SegmentText:
    """Share the words out to the segments that follow start_s: each counts in every segment it overlaps.

    With settings.add_up a word's vector goes to the segment of its middle alone; word_counts stays as it is.
    """
    firsts, afters, middles, owners, vectors = [], [], [], [], []
    for index, (word, parts) in enumerate(spoken_parts(words, settings.pairs)):
        first = math.floor((word.start_s - start_s) / segment_s + _ON_THE_EDGE)
        firsts.append(first)
        afters.append(max(first + 1, math.ceil((word.end_s - start_s) / segment_s - _ON_THE_EDGE)))
        middles.append(math.floor(((word.start_s + word.end_s) / 2 - start_s) / segment_s + _ON_THE_EDGE))
        for part in parts:
            owners.append(index)
            vectors.append(embedding.embed(part))
    held = _held(firsts, afters, segments)
    if not vectors:
        nothing = np.zeros(segments, np.float32)
        return SegmentText(np.zeros((segments, embedding.dim), np.float32), nothing, held.sum(axis=1))
    stacked = np.stack(vectors)
    # One product over all words: word by word it cost a tenth of the window head.
    sharing = _held(middles, [middle + 1 for middle in middles], segments) if settings.add_up else held
    shares = (sharing[:, owners] & stacked.any(axis=1)).astype(np.float32)
    known = shares.sum(axis=1)
    sums = shares @ stacked
    if not settings.add_up:
        sums = sums / np.maximum(known, 1)[:, None]
    return SegmentText(sums, (known > 0).astype(np.float32), held.sum(axis=1))


def _held(firsts: List[int], afters: List[int], segments: int) -> np.ndarray:
    """(S, words) bool: which words each segment holds."""
    numbers = np.arange(segments)[:, None]
    return (numbers >= np.array(firsts, np.int64)) & (numbers < np.array(afters, np.int64))
