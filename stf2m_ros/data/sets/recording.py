"""A clip that has not been read yet: its labels are known, its pictures stand on the disk."""

import math
from dataclasses import dataclass, field, replace
from typing import Iterator, Mapping, Optional, Protocol, Tuple

import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.sets.broken import LeftOut
from stf2m_ros.data.sets.face_reading import FaceReading, read_faces
from stf2m_ros.data.sets.pictures import PictureSource
from stf2m_ros.fuzzy.components import NUM_COMPONENTS
from stf2m_ros.stream.utterance import split_words, spread_words

LAST_FRAME_S = 0.1
"""How long a clip goes on after its last frame where nothing else tells its end: one slot."""


class Recording(Protocol):
    """What of a clip costs nothing to know. Plain data, so that it may be loaded in another process."""

    @property
    def clip_id(self) -> str: ...

    @property
    def subject(self) -> str: ...

    @property
    def labels(self) -> Tuple[LabelInterval, ...]:
        """An end of infinity means the clip's end."""
        ...

    def load(self) -> Clip:
        """Raises BrokenFileError."""
        ...


class DataSet(Protocol):
    """A data set on disk. recordings() reads labels only; nothing is kept, so memory stays flat."""

    @property
    def name(self) -> str: ...

    @property
    def left_out(self) -> LeftOut: ...

    def recordings(self) -> Iterator[Recording]: ...


def clips(data_set: DataSet) -> Iterator[Clip]:
    """The clips of a set, one in memory at a time; broken ones go where data_set.left_out says."""
    for recording in data_set.recordings():
        clip = data_set.left_out.attempt(recording.load)
        if clip is not None:
            yield clip


@dataclass(frozen=True, eq=False)
class FilmedRecording:
    """A recording of pictures, words or both.

    speech: what was said where nobody knows when; its words are spread over the clip.
    components, components_s: (P, 12) states and (P,) times, one for each picture of the source; with by_time the
    times alone say which picture they are of.
    """

    clip_id: str
    subject: str
    labels: Tuple[LabelInterval, ...] = ()
    pictures: Optional[PictureSource] = None
    faces: FaceReading = field(default_factory=FaceReading)
    words: Tuple[TimedWord, ...] = ()
    speech: str = ""
    components: Optional[np.ndarray] = None
    components_s: Tuple[float, ...] = ()
    by_time: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)

    def load(self) -> Clip:
        frames, frame_s, components = None, np.asarray(self.components_s, float), self.components
        if self.pictures is not None:
            frames, frame_s, index = read_faces(self.pictures, self.faces)
            if components is not None:
                rows = nearest(frame_s, np.asarray(self.components_s)) if self.by_time else index
                components = rows_or_nan(components, rows)
        end_s = self._end_s(frame_s)
        return Clip(
            clip_id=self.clip_id,
            subject=self.subject,
            frames=frames,
            frame_s=frame_s,
            words=self.words or spread_words(split_words(self.speech), 0.0, end_s),
            labels=until(self.labels, end_s),
            components=components,
            facts=self.facts,
        )

    def _end_s(self, frame_s: np.ndarray) -> float:
        ends_s = [label.end_s for label in self.labels if math.isfinite(label.end_s)]
        ends_s += [word.end_s for word in self.words]
        if len(frame_s):
            ends_s.append(float(frame_s[-1]) + LAST_FRAME_S)
        return max(ends_s, default=LAST_FRAME_S)


def nearest(frame_s: np.ndarray, components_s: np.ndarray) -> np.ndarray:
    """(T,) which row of the components is nearest to each frame; past the last where none is near."""
    if len(components_s) == 0:
        return np.zeros(len(frame_s), int)
    order = np.argsort(components_s, kind="stable")
    ascending_s = components_s[order]
    after = np.clip(np.searchsorted(ascending_s, frame_s), 1, max(1, len(order) - 1))
    candidates = np.stack([after - 1, np.minimum(after, len(order) - 1)])
    gaps_s = np.abs(ascending_s[candidates] - frame_s)
    rows = order[candidates[gaps_s.argmin(axis=0), np.arange(len(frame_s))]]
    return np.where(gaps_s.min(axis=0) <= LAST_FRAME_S / 2 + 1e-6, rows, len(order))


def rows_or_nan(components: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The rows of these pictures; undetermined for a picture that has none (a video longer than its scores)."""
    rows = np.full((len(index), NUM_COMPONENTS), np.nan, np.float32)
    known = index < len(components)
    rows[known] = components[index[known]]
    return rows


def until(labels: Tuple[LabelInterval, ...], end_s: float) -> Tuple[LabelInterval, ...]:
    """The labels, those without an end now ending at end_s."""
    return tuple(label if math.isfinite(label.end_s) else replace(label, end_s=end_s) for label in labels)
