"""Windows as the robot sees them, cut at random from cached clips: fills of 1 to 30 s, missing modalities, gaps."""

import math
from dataclasses import dataclass, fields
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from stf2m_ros.data.clip import TimedWord
from stf2m_ros.data.slots import UNLABELLED, vocabulary
from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.meta.losses import SegmentTargets
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.stream.checked_numbers import require_between, require_shares
from stf2m_ros.stream.segment_text import newest_utterances, overlapped, segment_of_middle
from stf2m_ros.stream.settings import TextSettings, WindowGrid
from stf2m_ros.stream.spoken_parts import spoken_parts
from stf2m_ros.stream.spoken_utterances import finished, spoken_utterances
from stf2m_ros.stream.text_embedding import MARKS

MAX_WORDS = 8
"""Words of one segment that count; nobody says more in half a second. With pairs, twice as many looked-up texts."""
MAX_UTTERANCE_WORDS = 64
"""Words and marks of one utterance that count, where those are taken whole."""
NO_WORD = -1
_TEXT = TextSettings()
_ALL = slice(None)


@dataclass(frozen=True)
class WindowSampling:
    """How windows are varied. Shares are of the windows."""

    full_share: float = 0.4  # windows filled to the brim; the others hold shortest_s to span_s
    shortest_s: float = 0.1
    at_end_share: float = 0.7  # a partly filled window ends at the newest slot, as after the robot's start
    no_frames_share: float = 0.12
    no_words_share: float = 0.25
    no_marks_share: float = 0.25  # words as a recogniser without punctuation gives them
    gap_share: float = 0.4
    longest_gap_s: float = 4.0
    sparse_share: float = 0.15  # windows of a slow camera: half of the slots empty
    identity_shift: float = 0.5  # deviations by which a window's tokens are moved, all alike: as of another person
    lost_features: float = 0.1  # share of the tokens' numbers that a whole window does without

    def __post_init__(self) -> None:
        require_shares(self, *(each.name for each in fields(self) if each.name.endswith("_share")), "lost_features")
        require_between(self, 0, math.inf, "shortest_s", "longest_gap_s", "identity_shift")


class WindowBatch(NamedTuple):
    """B windows of T slots and S segments, numpy."""

    tokens: np.ndarray  # (B, T, R, D)
    frame_presence: np.ndarray  # (B, T)
    word_ids: np.ndarray  # (B, S, MAX_WORDS) index into the vocabulary, NO_WORD where none
    class_index: np.ndarray  # (B, S) UNLABELLED where nothing is to be learned
    components: np.ndarray  # (B, S, 12) NaN where unknown
    read_states: np.ndarray  # (B, S, 12) components as the frozen read-out saw them, NaN where it did not
    shares: np.ndarray  # (B, S, 19) of the classes in the segment, whether or not anything is to be learned of it

    @classmethod
    def stacked(cls, windows: Sequence["WindowBatch"]) -> "WindowBatch":
        """Single windows, or whole batches, along a new first axis."""
        return cls(*(np.stack(parts) for parts in zip(*windows)))

    def targets(self) -> SegmentTargets:
        components, read_states = torch.from_numpy(self.components), torch.from_numpy(self.read_states)
        class_index, shares = torch.from_numpy(self.class_index).long(), torch.from_numpy(self.shares)
        return SegmentTargets(class_index, components, read_states, shares)


class Cut(NamedTuple):
    """A stretch of one clip, in slots."""

    clip: int
    start: int
    length: int


_SPREAD_FRAMES = 500
"""So many frames tell how far apart tokens lie."""


class Face(NamedTuple):
    """How one imagined person's tokens differ from what the camera gave."""

    shift: np.ndarray  # (R, D) added to every slot's tokens
    features: np.ndarray  # (D,) False where a number of every token is lost


class Variation(NamedTuple):
    """What is left out of a window, and whose face it is."""

    kept: np.ndarray  # (T,) 0 where a frame is lost
    no_words: bool
    no_frames: bool  # only where there are words
    no_marks: bool
    face: Face


class WindowSampler:
    """Draws batches; the same numbers give the same batch."""

    def __init__(
        self,
        cache: TokenCache,
        grid: WindowGrid,
        sampling: WindowSampling,
        words: List[str],
        text: TextSettings = _TEXT,
    ) -> None:
        self.cache, self.grid, self.sampling, self.text = cache, grid, sampling, text
        self.word_id: Dict[str, int] = {word: index for index, word in enumerate(words)}
        self.mark_ids = [index for word, index in self.word_id.items() if any(mark in word for mark in MARKS)]
        self.token_spread = _spread(cache.tokens)

    def batch(self, size: int, seed: Tuple[int, ...], share: slice = _ALL) -> WindowBatch:
        """Random windows of random clips, varied as the sampling says.

        share: which of them to make; the others are drawn only, so that every share is of the same batch.
        """
        rng = np.random.default_rng(seed)
        drawn = [self._random(rng) for _ in range(size)]
        return WindowBatch.stacked([self._varied(*each) for each in drawn[share]])

    def cut(self, cuts: Sequence[Cut]) -> WindowBatch:
        """Each cut at the end of its window, as on the robot, nothing left out (validation)."""
        return WindowBatch.stacked([self._window(cut, self.grid.slots - cut.length) for cut in cuts])

    def varied(self, cut: Cut, offset: int, rng: np.random.Generator, face: Optional[Face] = None) -> WindowBatch:
        """One window (no batch axis) with the cut at slot `offset`, some of its frames or words left out.

        face: whose it is made; None for another one in every window.
        """
        variation = self._variation(rng)
        return self._varied(cut, offset, variation if face is None else variation._replace(face=face))

    def face(self, rng: np.random.Generator) -> Face:
        """Of an imagined person."""
        spread, sampling = self.token_spread, self.sampling
        shift = sampling.identity_shift * spread * rng.standard_normal(spread.shape, np.float32)
        return Face(shift, rng.random(spread.shape[-1], np.float32) >= sampling.lost_features)

    def _variation(self, rng: np.random.Generator) -> Variation:
        sampling, kept = self.sampling, self._kept(rng)
        no_words, no_frames = rng.random() < sampling.no_words_share, rng.random() < sampling.no_frames_share
        # Drawn only where there are marks: the batches of data without any stay as they were.
        no_marks = bool(self.mark_ids) and rng.random() < sampling.no_marks_share
        return Variation(kept, no_words, no_frames, no_marks, self.face(rng))

    def _varied(self, cut: Cut, offset: int, variation: Variation) -> WindowBatch:
        window = self._window(cut, offset)
        presence, words = window.frame_presence * variation.kept, window.word_ids
        if variation.no_marks:
            words = np.where(np.isin(words, self.mark_ids), NO_WORD, words)
        if variation.no_words:
            words = np.full_like(words, NO_WORD)
        if variation.no_frames and (words != NO_WORD).any():
            presence = np.zeros_like(presence)
        seen, heard = presence.reshape(self.grid.segments, -1).any(1), (words != NO_WORD).any(1)
        return window._replace(
            tokens=(window.tokens + variation.face.shift) * variation.face.features,
            frame_presence=presence,
            word_ids=words,
            # Nothing is to be learned of a segment without face and words, and no component of one without a face.
            class_index=np.where(seen | heard, window.class_index, UNLABELLED),
            components=np.where(seen[:, None], window.components, np.float32(np.nan)),
            read_states=np.where(seen[:, None], window.read_states, np.float32(np.nan)),
        )

    def _random(self, rng: np.random.Generator) -> Tuple[Cut, int, Variation]:
        sampling, slots = self.sampling, self.grid.slots
        clip = int(rng.integers(len(self.cache)))
        length = len(self.cache.tracks[clip])
        shortest = round(sampling.shortest_s / self.grid.slot_s)
        fill = slots if rng.random() < sampling.full_share else int(rng.integers(shortest, slots + 1))
        fill = min(fill, length)
        start = int(rng.integers(length - fill + 1))
        offset = slots - fill if rng.random() < sampling.at_end_share else int(rng.integers(slots - fill + 1))
        return Cut(clip, start, fill), offset, self._variation(rng)

    def _window(self, cut: Cut, offset: int) -> WindowBatch:
        """One window (no batch axis) with the cut at slot `offset`."""
        track, slots = self.cache.tracks[cut.clip], self.grid.slots
        source, placed = slice(cut.start, cut.start + cut.length), slice(offset, offset + cut.length)
        found, present = self.cache.slot_tokens(cut.clip, source)
        tokens = np.zeros((slots, *found.shape[1:]), np.float32)
        presence = np.zeros(slots, np.float32)
        classes = np.full(slots, UNLABELLED)
        components, read_states = np.full((2, slots, 12), np.nan, np.float32)
        shares = np.zeros((slots, NUM_CLASSES), np.float32)
        tokens[placed], presence[placed] = found, present
        classes[placed], components[placed] = track.class_index[source], track.components[source]
        read_states[placed], shares[placed] = self.cache.slot_states(cut.clip, source), track.shares(source)
        classes, shares = (of.reshape(self.grid.segments, -1, *of.shape[1:]) for of in (classes, shares))
        class_index = majority(classes)
        return WindowBatch(
            tokens,
            presence,
            self.word_ids(cut, offset),
            class_index,
            *(mean_where_known(of.reshape(self.grid.segments, -1, 12)) for of in (components, read_states)),
            shares_of_majority(shares, classes == class_index[:, None]),
        )

    def word_ids(self, cut: Cut, offset: int) -> np.ndarray:
        """(S, most) of one window with the cut at slot `offset`."""
        slot_s, words = self.grid.slot_s, self.cache.tracks[cut.clip].words
        from_s, until_s = cut.start * slot_s, (cut.start + cut.length) * slot_s
        if self.text.whole_utterances:
            words = finished(words, until_s + slot_s)  # slots are round numbers, an utterance may end just behind one
        spoken = [word for word in words if from_s <= word.start_s < until_s]
        return self._word_ids(spoken, shift_s=offset * slot_s - from_s)

    def _word_ids(self, words: List[TimedWord], shift_s: float) -> np.ndarray:
        if self.text.whole_utterances:
            return self._ids_of_utterances(words, shift_s)
        most = MAX_WORDS * self.text.lookups
        ids = np.full((self.grid.segments, most), NO_WORD)
        counts = np.zeros(self.grid.segments, int)
        for word, parts in spoken_parts(words, self.text.pairs):
            for segment in self._segments_of(word, shift_s):
                for part in parts[: most - counts[segment]]:
                    ids[segment, counts[segment]] = self.word_id.get(part.lower(), NO_WORD)
                    counts[segment] += 1
        return ids

    def _ids_of_utterances(self, words: List[TimedWord], shift_s: float) -> np.ndarray:
        """Those of a whole utterance in each of its segments, behind those of the one before it."""
        most = MAX_UTTERANCE_WORDS
        ids = np.full((self.grid.segments, most * (1 + self.text.lookups)), NO_WORD)
        spoken = spoken_utterances(words, self.text.pairs)
        newest = newest_utterances(spoken, -shift_s, self.grid.segments, self.grid.segment_s)
        for number in np.unique(newest[newest >= 0]):
            before = spoken[number - 1].as_before[:most] if number else ()
            own = spoken[number].parts[: ids.shape[1] - most]
            for first, texts in ((0, before), (most, own)):
                ids[newest == number, first : first + len(texts)] = [
                    self.word_id.get(text.lower(), NO_WORD) for text in texts
                ]
        return ids

    def _segments_of(self, word: TimedWord, shift_s: float) -> range:
        """Those in which the word counts, as on the robot."""
        segment_s = self.grid.segment_s
        if self.text.add_up:
            first = segment_of_middle(word, -shift_s, segment_s)
            after = first + 1
        else:
            first, after = overlapped(word, -shift_s, segment_s)
        return range(max(first, 0), min(after, self.grid.segments))

    def _kept(self, rng: np.random.Generator) -> np.ndarray:
        """(T,) 0 where a frame is lost."""
        kept = np.ones(self.grid.slots, np.float32)
        if rng.random() < self.sampling.gap_share:
            for _ in range(int(rng.integers(1, 4))):
                gap = int(rng.integers(1, round(self.sampling.longest_gap_s / self.grid.slot_s)))
                start = int(rng.integers(self.grid.slots))
                kept[start : start + gap] = 0
        if rng.random() < self.sampling.sparse_share:
            kept *= rng.random(self.grid.slots) < 0.5
        return kept


def _spread(tokens: np.ndarray) -> np.ndarray:
    """(R, D) standard deviation of tokens (N, R, D), by some of them; 0 where nothing was ever seen."""
    if not len(tokens):
        return np.zeros(tokens.shape[1:], np.float32)
    return np.std(tokens[:: max(1, len(tokens) // _SPREAD_FRAMES)], axis=0, dtype=np.float32)


def majority(classes: np.ndarray) -> np.ndarray:
    """(S, k) class per slot -> (S,) the most frequent one; UNLABELLED only where no slot has a label."""
    counts = (classes[..., None] == np.arange(NUM_CLASSES)).sum(1)
    return np.where(counts.any(-1), counts.argmax(-1), UNLABELLED)


def shares_of_majority(shares: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(S, k, 19) shares and (S, k) which slots have the segment's class -> (S, 19) mean shares of those slots."""
    total = (shares * chosen[..., None]).sum(1)
    return (total / np.maximum(chosen.sum(1), 1)[:, None]).astype(np.float32)


def mean_where_known(components: np.ndarray) -> np.ndarray:
    """(S, k, 12) -> (S, 12), NaN where no slot knows the component."""
    known = ~np.isnan(components)
    count = known.sum(1)
    total = np.where(known, components, 0).sum(1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def class_counts(cache: TokenCache) -> np.ndarray:
    """(19,) slots of each class over all clips; a slot that is shared among classes counts as parts."""
    return np.sum([track.shares(slice(None)).sum(0, dtype=np.float64) for track in cache.tracks], axis=0)


def cache_vocabulary(*caches: TokenCache, pairs: bool = False, whole_utterances: bool = False) -> List[str]:
    """Every distinct word of the caches' clips, and with `pairs` every two that follow each other."""
    return vocabulary([track for cache in caches for track in cache.tracks], pairs, whole_utterances)
