"""Words on the segment grid: one mean word vector per segment."""

import math
from dataclasses import dataclass
from typing import Iterable

import numpy as np

from stf2m_ros.stream.text_embedding import TextEmbedding, word_parts
from stf2m_ros.stream.timed_word import TimedWord

_ON_THE_EDGE = 1e-5  # of a segment: stamps near 1.8e9 s are exact to 2.4e-7 s only


@dataclass(frozen=True)
class SegmentText:
    """The text of S segments."""

    vectors: np.ndarray  # (S, dim) float32, mean over the segment's known words and marks, zeros without any
    presence: np.ndarray  # (S,) float32, 1 where the segment holds a word that the embedding knows
    word_counts: np.ndarray  # (S,) int64, known or not


def segment_text(
    words: Iterable[TimedWord], embedding: TextEmbedding, start_s: float, segments: int, segment_s: float
) -> SegmentText:
    """Share the words out to the segments that follow start_s: each counts in every segment it overlaps."""
    sums = np.zeros((segments, embedding.dim), np.float32)
    known, counts = np.zeros(segments, np.int64), np.zeros(segments, np.int64)
    for word in words:
        first = math.floor((word.start_s - start_s) / segment_s + _ON_THE_EDGE)
        after = max(first + 1, math.ceil((word.end_s - start_s) / segment_s - _ON_THE_EDGE))
        held = slice(max(0, first), max(0, after))
        counts[held] += 1
        for part in word_parts(word.text):
            vector = embedding.embed(part)
            if vector.any():
                known[held] += 1
                sums[held] += vector
    return SegmentText(sums / np.maximum(known, 1)[:, None].astype(np.float32), (known > 0).astype(np.float32), counts)
