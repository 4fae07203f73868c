"""Computational sequences (.csd): the HDF5 files in which CMU-MOSEI and CMU-MOSI are distributed.

Inside: /<name of the sequence>/data/<video>/features (N, F) and /intervals (N, 2) in seconds of that video, and
/<name>/metadata/<key>, one JSON text each. Needs h5py.
"""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Tuple

import numpy as np

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.stream.timed_word import TimedWord

if TYPE_CHECKING:
    import h5py

SILENCE = "sp"
"""What the aligner wrote where nobody spoke."""


class Track(NamedTuple):
    """What a sequence says of one video, in the order of time."""

    features: np.ndarray  # (N, F)
    intervals: np.ndarray  # (N, 2) seconds

    @property
    def middles_s(self) -> np.ndarray:
        return self.intervals.mean(axis=1)

    def within(self, start_s: float, end_s: float) -> "Track":
        """The rows whose middle lies in [start_s, end_s), so that each is in one segment only; times from start_s."""
        inside = (self.middles_s >= start_s) & (self.middles_s < end_s)
        return Track(self.features[inside], np.clip(self.intervals[inside], start_s, end_s) - start_s)


class Sequence:
    """An opened file. Nothing is read before it is asked for."""

    def __init__(self, path: Path, data: "h5py.Group") -> None:
        self.path = path
        self._data = data

    def __contains__(self, video: str) -> bool:
        return video in self._data

    def videos(self) -> List[str]:
        return sorted(self._data.keys())

    def track(self, video: str, width: int = 0) -> Track:
        """One video's rows. width: how many values each must have, 0 for any. Raises BrokenFileError."""
        where = f"video {video}"
        entry = self._data.get(video)
        if entry is None or "features" not in entry or "intervals" not in entry:
            found = "no such video" if entry is None else ", ".join(entry)
            raise BrokenFileError(self.path, "features and intervals", found, where)
        features, intervals = np.asarray(entry["features"]), np.asarray(entry["intervals"], np.float64)
        if features.ndim != 2 or intervals.shape != (len(features), 2) or (width and features.shape[1] != width):
            expected = f"features (N, {width or 'F'}) and intervals (N, 2)"
            raise BrokenFileError(self.path, expected, f"{features.shape} and {intervals.shape}", where)
        wrong = ~(np.isfinite(intervals).all(axis=1) & (intervals[:, 0] <= intervals[:, 1]))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise BrokenFileError(self.path, "intervals from start to end", intervals[row], f"{where}, row {row}")
        order = np.argsort(intervals[:, 0], kind="stable")
        return Track(features[order], intervals[order])


@contextmanager
def open_sequence(path: Path) -> Iterator[Sequence]:
    """Raises BrokenFileError for what is no computational sequence, ValueError without h5py."""
    try:
        import h5py
    except ImportError as error:
        raise ValueError("h5py not found, which reads .csd files; pip install -r requirements/train.txt") from error
    if not Path(path).is_file():
        raise BrokenFileError(path, "a computational sequence (.csd)", "no file")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise BrokenFileError(path, "a computational sequence (.csd), an HDF5 file", error) from error
    with file:
        roots = list(file)
        if len(roots) != 1 or "data" not in file[roots[0]]:
            raise BrokenFileError(path, "one sequence with data", ", ".join(roots))
        yield Sequence(Path(path), file[roots[0]]["data"])


def words_of(track: Track) -> Tuple[TimedWord, ...]:
    """The words of a sequence of words, silences left out."""
    texts = (row[0].decode("utf-8", "replace") if isinstance(row[0], bytes) else str(row[0]) for row in track.features)
    timed = zip(texts, track.intervals.tolist())
    return tuple(TimedWord(text, *interval) for text, interval in timed if text not in ("", SILENCE))


def vectors_of_words(words: Tuple[TimedWord, ...], track: Track) -> np.ndarray:
    """(W, F) float32: the row of the track that covers each word's middle; zero, an unknown word, where none does."""
    vectors = np.zeros((len(words), track.features.shape[1]), np.float32)
    for place, word in enumerate(words):
        middle_s = (word.start_s + word.end_s) / 2
        covers = (track.intervals[:, 0] <= middle_s + 1e-6) & (track.intervals[:, 1] >= middle_s - 1e-6)
        if covers.any():
            vectors[place] = track.features[np.flatnonzero(covers)[0]]
    return vectors
