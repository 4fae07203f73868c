"""What CMU-MOSEI and CMU-MOSI have in common: labelled segments of videos, and sequences aligned to them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.csd import Track, open_sequence, vectors_of_words, words_of
from stf2m_ros.data.sets.recording import until

WORD_VECTOR_DIM = 300


@dataclass(frozen=True)
class CmuFiles:
    """The sequences of one set; only the labels are needed. All intervals are seconds of the same videos.

    visual: FACET features; visual_dim: how many, 0 for any.  words: the spoken words.  word_vectors: GloVe, 300 values.
    """

    labels: Path
    visual: Optional[Path] = None
    words: Optional[Path] = None
    word_vectors: Optional[Path] = None
    visual_dim: int = 0


class Segment(NamedTuple):
    """A labelled stretch of a video."""

    video: str
    number: int  # in its video
    start_s: float
    end_s: float
    scores: Tuple[float, ...]


@dataclass(frozen=True)
class SegmentRecording:
    """One segment, read from the sequences when asked. The video is the subject: who speaks in it is not told."""

    clip_id: str
    subject: str
    labels: Tuple[LabelInterval, ...]
    segment: Segment
    files: CmuFiles
    facts: Mapping[str, str] = field(default_factory=dict)

    def load(self) -> Clip:
        visual = self._track(self.files.visual, self.files.visual_dim)
        features, frame_s = (None, np.empty(0)) if visual is None else seen_frames(visual)
        words, vectors = self._words()
        return Clip(
            clip_id=self.clip_id,
            subject=self.subject,
            frames=None,
            frame_s=frame_s,
            words=words,
            labels=until(self.labels, self.segment.end_s - self.segment.start_s),
            components=None,
            features=features,
            word_vectors=vectors,
            facts=self.facts,
        )

    def _track(self, path: Optional[Path], width: int = 0) -> Optional[Track]:
        """The segment's part of a sequence; None where the sequence, or this video in it, is missing."""
        if path is None:
            return None
        with open_sequence(path) as sequence:
            if self.segment.video not in sequence:
                return None
            return sequence.track(self.segment.video, width).within(self.segment.start_s, self.segment.end_s)

    def _words(self) -> Tuple[Tuple[TimedWord, ...], Optional[np.ndarray]]:
        spoken, vectors = self._track(self.files.words), self._track(self.files.word_vectors, WORD_VECTOR_DIM)
        if spoken is not None:
            words = words_of(spoken)
            return words, None if vectors is None else vectors_of_words(words, vectors)
        if vectors is None:
            return (), None
        # What the words were is not told: their vectors are. Silences have a vector of zeros.
        spoken = vectors.features.any(axis=1)
        times = vectors.intervals[spoken].tolist()
        return tuple(TimedWord("", *times_s) for times_s in times), vectors.features[spoken].astype(np.float32)


def segments(path: Path, width: int, left_out: LeftOut) -> Iterator[Segment]:
    """The labelled segments of a sequence of labels, `width` scores each, video by video."""
    with open_sequence(path) as sequence:
        for video in sequence.videos():
            track = left_out.attempt(sequence.track, video, width)
            for number, (scores, interval) in enumerate(zip(*track) if track is not None else ()):
                segment = left_out.attempt(_segment, path, video, number, scores, interval)
                if segment is not None:
                    yield segment


def _segment(path: Path, video: str, number: int, scores: np.ndarray, interval: np.ndarray) -> Segment:
    if not np.isfinite(scores).all():
        raise BrokenFileError(path, "scores that are numbers", scores, f"video {video}, row {number}")
    return Segment(video, number, float(interval[0]), float(interval[1]), tuple(float(score) for score in scores))


def seen_frames(visual: Track) -> Tuple[np.ndarray, np.ndarray]:
    """(T, F) float32 features and (T,) their times; rows that are not finite or all zero show no face: absent."""
    features = visual.features.astype(np.float32)
    seen = np.isfinite(features).all(axis=1) & features.any(axis=1)
    return features[seen], visual.middles_s[seen]
