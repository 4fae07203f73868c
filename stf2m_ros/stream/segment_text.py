"""Words on the segment grid: one vector per segment, the mean of its words or their sum."""

import math
from dataclasses import dataclass
from typing import Iterable, List, Sequence, Tuple, Union

import numpy as np

from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.spoken_parts import spoken_parts
from stf2m_ros.stream.spoken_utterances import SpokenUtterance, spoken_utterances
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

    With settings.add_up a word's vector goes to the segment of its middle alone, with settings.whole_utterances the
    newest utterance's, and of the one before it, to all of its segments; word_counts stays as it is.
    """
    if settings.whole_utterances:
        return _of_utterances(tuple(words), embedding, start_s, segments, segment_s, settings)
    firsts, afters, middles, owners, vectors = [], [], [], [], []
    for index, (word, parts) in enumerate(spoken_parts(words, settings.pairs)):
        first, after = overlapped(word, start_s, segment_s)
        firsts.append(first)
        afters.append(after)
        middles.append(segment_of_middle(word, start_s, segment_s))
        for part in parts:
            owners.append(index)
            vectors.append(embedding.embed(part))
    held = _held(firsts, afters, segments)
    if not vectors:
        nothing = np.zeros(segments, np.float32)
        return SegmentText(np.zeros((segments, embedding.dim), np.float32), nothing, held.sum(axis=1))
    stacked = np.stack(vectors)
    # One product over all words: word by word it cost a tenth of the window head.
    sharing = _held(middles, [each + 1 for each in middles], segments) if settings.add_up else held
    shares = (sharing[:, owners] & stacked.any(axis=1)).astype(np.float32)
    known = shares.sum(axis=1)
    sums = shares @ stacked
    if not settings.add_up:
        sums = sums / np.maximum(known, 1)[:, None]
    return SegmentText(sums, (known > 0).astype(np.float32), held.sum(axis=1))


def overlapped(spoken: Union[TimedWord, SpokenUtterance], start_s: float, segment_s: float) -> Tuple[int, int]:
    """Of the segments that follow start_s the first that it touches, and the one after the last; below 0: before them.

    Training shares words out by this very rule, so that it sees what the robot sees.
    """
    first = math.floor((spoken.start_s - start_s) / segment_s + _ON_THE_EDGE)
    return first, max(first + 1, math.ceil((spoken.end_s - start_s) / segment_s - _ON_THE_EDGE))


def segment_of_middle(word: TimedWord, start_s: float, segment_s: float) -> int:
    """Which of the segments that follow start_s the word's middle lies in; below 0: before them."""
    return math.floor(((word.start_s + word.end_s) / 2 - start_s) / segment_s + _ON_THE_EDGE)


def newest_utterances(spoken: Sequence[SpokenUtterance], start_s: float, segments: int, segment_s: float) -> np.ndarray:
    """(S,) which utterance each segment after start_s lies in; of several the newest, -1 for none."""
    newest = np.full(segments, -1)
    for number, utterance in enumerate(spoken):
        first, after = overlapped(utterance, start_s, segment_s)
        newest[max(first, 0) : max(after, 0)] = number
    return newest


def _of_utterances(
    words: Sequence[TimedWord],
    embedding: TextEmbedding,
    start_s: float,
    segments: int,
    segment_s: float,
    settings: TextSettings,
) -> SegmentText:
    spoken = spoken_utterances(words, settings.pairs)
    newest = newest_utterances(spoken, start_s, segments, segment_s)
    vectors = np.zeros((len(spoken) + 1, embedding.dim), np.float32)  # the last stands for silence
    for number in np.unique(newest[newest >= 0]):
        told = [(spoken[number], spoken[number].parts)]
        if number:
            told.append((spoken[number - 1], spoken[number - 1].as_before))
        for utterance, texts in told:
            vectors[number] += sum(map(embedding.embed, texts), vectors[-1]) / math.sqrt(max(1, len(utterance.alone)))
    of_segments = vectors[newest]
    spans = [overlapped(word, start_s, segment_s) for word in words]
    counts = _held([first for first, _ in spans], [after for _, after in spans], segments).sum(axis=1)
    return SegmentText(of_segments, of_segments.any(axis=1).astype(np.float32), counts)


def _held(firsts: List[int], afters: List[int], segments: int) -> np.ndarray:
    """(S, words) bool: which words each segment holds."""
    numbers = np.arange(segments)[:, None]
    return (numbers >= np.array(firsts, np.int64)) & (numbers < np.array(afters, np.int64))
