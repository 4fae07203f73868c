"""One's own recordings: a manifest is all it takes. A table (.csv) or JSON Lines (.jsonl), one clip a line.

Columns or keys; `clip` and `subject` are needed, everything else may be missing or empty:
    clip          a name of its own for each clip
    subject       who it is; the same person has the same name everywhere, since persons are never split
    video         a video file; or
    frames        a folder of pictures, in the order of their names (2 before 10), with
    frames_per_s  how many of them make a second
    face          "find" (the default) looks for the face; "whole": each picture is cut to the face already
    start_s end_s the part of the video that is the clip; all other times are the video's, too
    transcript    SubRip .srt, WebVTT .vtt, utterances in .jsonl, or timed words: a .csv of text, start_s, end_s
    labels        "happiness" for the whole clip; "neutral 0-2.5; happiness-high 2.5-6"; a .csv of label,start_s,end_s;
                  in JSON also a list of {"label": ..., "start_s": ..., "end_s": ...}
    action_units  a .csv of time_s (or timestamp, or frame) and AU1, AU12, ... scored 0 to 5; OpenFace's files are such;
                  frames are counted from 1, frames_per_s of them a second, else as many as the video has
    landmarks     a .csv of time_s and x0 ... x97, y0 ... y97, the points of WFLW
Paths are relative to the manifest.

What becomes of the labels: a label is a class (happiness-low ... surprise-high, neutral) as it stands, or an emotion
whose level nobody knows: its three levels share, medium stands for them [ours]. Times without a label stay unlabelled.
Components come from action units, else from landmarks, compared with the frames labelled neutral, else with the clip's
median face; both are optional.
"""

import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Iterator, Optional, Set, Tuple

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.face_reading import FIND, WHOLE, FaceReading
from stf2m_ros.data.sets.manifest_fields import read_words
from stf2m_ros.data.sets.manifest_line import KEYS, NEEDED, Line, json_row
from stf2m_ros.data.sets.pictures import USUAL_FPS, VideoSpan
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.sets.scored_files import ScoredStates, read_states
from stf2m_ros.data.sets.text_files import Row, read_lines, read_table
from stf2m_ros.emotions import CLASS_NAMES

LINES_SUFFIX, TABLE_SUFFIX = ".jsonl", ".csv"
_MAY_GO_ON_S = 1.0
"""So much longer than the film labels and words may be: people round up, subtitles linger."""


@dataclass(frozen=True)
class Manifest:
    """A manifest file. faces: how faces are cut; a line's own `face` goes before it."""

    path: Path
    faces: FaceReading = field(default_factory=FaceReading)
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "manifest"

    def recordings(self) -> Iterator["ManifestRecording"]:
        """Raises BrokenFileError, also where the manifest names no clip at all, which nobody wants."""
        seen: Set[str] = set()
        row: Optional[Row] = None
        for row in self._rows():
            recording = self.left_out.attempt(self._recording, row, seen)
            if recording is not None:
                yield recording
        if row is None and not self.left_out.broken:
            raise BrokenFileError(self.path, "a line for each clip", "none")

    def _rows(self) -> Iterator[Row]:
        path = Path(self.path)
        if path.suffix.lower() == LINES_SUFFIX:
            lines = enumerate(read_lines(path), start=1)
            rows = (self.left_out.attempt(json_row, path, number, line) for number, line in lines if line.strip())
            yield from (row for row in rows if row is not None)
        elif path.suffix.lower() == TABLE_SUFFIX:
            yield from read_table(path, NEEDED, KEYS, self.left_out)
        else:
            raise BrokenFileError(path, f"a manifest {TABLE_SUFFIX} or {LINES_SUFFIX}", path.suffix)

    def _recording(self, row: Row, seen: Set[str]) -> "ManifestRecording":
        line = Line(Path(self.path), row)
        clip_id, subject = line.needed("clip"), line.needed("subject")
        as_file_name = re.sub(r"[^\w.-]", "_", clip_id)  # names that differ in other signs alone would share a file
        if as_file_name in seen:
            raise line.broken("a clip name of its own", clip_id)
        seen.add(as_file_name)
        start_s, end_s = line.span()
        pictures = line.pictures(start_s, end_s)
        face = line.text("face") or self.faces.face
        if face not in (FIND, WHOLE):
            raise line.broken(f"face {FIND} or {WHOLE}", face)
        filmed = FilmedRecording(
            clip_id=clip_id,
            subject=subject,
            labels=line.labels(start_s, end_s),
            pictures=pictures,
            faces=replace(self.faces, face=face),
        )
        files = {key: line.file(key) for key in ("transcript", "action_units", "landmarks")}
        if pictures is None and not any(files.values()):
            raise line.broken("a video, frames, a transcript, action_units or landmarks", "none of them")
        return ManifestRecording(filmed, start_s, end_s, line.frames_per_s(), **files)


@dataclass(frozen=True, eq=False)
class ManifestRecording:
    """A line of a manifest; the files that it names are read when the clip is loaded."""

    filmed: FilmedRecording
    start_s: float
    end_s: float
    frames_per_s: Optional[float]  # None where the line tells none
    transcript: Optional[Path]
    action_units: Optional[Path]
    landmarks: Optional[Path]

    @property
    def clip_id(self) -> str:
        return self.filmed.clip_id

    @property
    def subject(self) -> str:
        return self.filmed.subject

    @property
    def labels(self) -> Tuple[LabelInterval, ...]:
        return self.filmed.labels

    def states(self) -> Optional[ScoredStates]:
        """Component states and their times from the clip's start; None where the line names no such file."""
        if self.action_units is None and self.landmarks is None:
            return None
        states = read_states(self.action_units, self.landmarks, self._rate, self._neutral_spans())
        return states.between(self.start_s, self.end_s)

    def _rate(self) -> float:
        """Of the frames that a table counts: as the line tells it, else the video's own."""
        if self.frames_per_s is not None:
            return self.frames_per_s
        return self.filmed.pictures.frames_per_s() if isinstance(self.filmed.pictures, VideoSpan) else USUAL_FPS

    def load(self) -> Clip:
        words = self._words()
        self._check_within_the_film(words)
        states = self.states()
        known = {} if states is None else {"components": states.states, "components_s": tuple(states.time_s)}
        return replace(self.filmed, words=words, by_time=True, **known).load()

    def _words(self) -> Tuple[TimedWord, ...]:
        if self.transcript is None:
            return ()
        spoken = (word for word in read_words(self.transcript) if word.overlaps(self.start_s, self.end_s))
        return tuple(_moved(word, self.start_s, self.end_s) for word in spoken)

    def _check_within_the_film(self, words: Tuple[TimedWord, ...]) -> None:
        """A label or word far behind the film's end is of another film, or its times are no seconds."""
        pictures, where = self.filmed.pictures, f"clip {self.clip_id}"
        if pictures is None:
            return
        length_s = pictures.length_s()
        if length_s <= 0:  # it begins behind the film's end, which reading it tells
            return
        for label in self.labels:
            if math.isfinite(label.end_s) and label.end_s > length_s + _MAY_GO_ON_S:
                found = f"{CLASS_NAMES[label.class_index]} until {label.end_s:g} s"
                raise BrokenFileError(pictures.place, f"labels within its {length_s:.1f} s", found, where)
        for word in words:
            if word.start_s > length_s + _MAY_GO_ON_S:
                found = f"{word.text} at {word.start_s:g} s"
                raise BrokenFileError(self.transcript, f"words within the {length_s:.1f} s", found, where)

    def _neutral_spans(self) -> Tuple[Tuple[float, float], ...]:
        """Where the labels say that the person is neutral, on the video's clock."""
        neutral = (label for label in self.labels if label.is_neutral)
        return tuple((label.start_s + self.start_s, label.end_s + self.start_s) for label in neutral)


def _moved(word: TimedWord, start_s: float, end_s: float) -> TimedWord:
    return replace(word, start_s=max(word.start_s, start_s) - start_s, end_s=min(word.end_s, end_s) - start_s)
