"""One's own recordings: a manifest is all it takes. A table (.csv) or JSON Lines (.jsonl), one clip a line.

Columns or keys; `clip` and `subject` are needed, everything else may be missing or empty:
    clip          a name of its own for each clip
    subject       who it is; the same person has the same name everywhere, since persons are never split
    video         a video file; or
    frames        a folder of pictures, in the order of their names, with
    frames_per_s  how many of them make a second
    face          "find" (the default) looks for the face; "whole": each picture is cut to the face already
    start_s end_s the part of the video that is the clip; all other times are the video's, too
    transcript    SubRip .srt, WebVTT .vtt, utterances in .jsonl, or timed words: a .csv of text, start_s, end_s
    labels        "happiness" for the whole clip; "neutral 0-2.5; happiness-high 2.5-6"; a .csv of label,start_s,end_s;
                  in JSON also a list of {"label": ..., "start_s": ..., "end_s": ...}
    action_units  a .csv of time_s (or timestamp, or frame) and AU1, AU12, ... scored 0 to 5; OpenFace's files are such
    landmarks     a .csv of time_s and x0 ... x97, y0 ... y97, the points of WFLW
Paths are relative to the manifest.

What becomes of the labels: a label is a class (happiness-low ... surprise-high, neutral) as it stands, or an emotion
whose level nobody knows: its three levels share, medium stands for them [ours]. Times without a label stay unlabelled.
Components come from action units, else from landmarks, compared with the frames labelled neutral, else with the clip's
median face; both are optional.
"""

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.face_reading import FIND, WHOLE, FaceReading
from stf2m_ros.data.sets.manifest_fields import read_labels, read_words
from stf2m_ros.data.sets.pictures import USUAL_FPS, PictureFiles, PictureSource, VideoSpan, pictures_in
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.sets.scored_files import ScoredStates, read_states
from stf2m_ros.data.sets.text_files import Row, numbers_of, read_lines, read_table

NEEDED = ("clip", "subject")
KEYS = (
    *NEEDED,
    *("video", "frames", "frames_per_s", "face", "start_s", "end_s"),
    *("transcript", "labels", "action_units", "landmarks"),
)
LINES_SUFFIX, TABLE_SUFFIX = ".jsonl", ".csv"


@dataclass(frozen=True)
class Manifest:
    """A manifest file. faces: how faces are cut; a line's own `face` goes before it."""

    path: Path
    faces: FaceReading = field(default_factory=FaceReading)
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "manifest"

    def recordings(self) -> Iterator["ManifestRecording"]:
        seen: Set[str] = set()
        for row in self._rows():
            recording = self.left_out.attempt(self._recording, row, seen)
            if recording is not None:
                yield recording

    def _rows(self) -> Iterator[Row]:
        path = Path(self.path)
        if path.suffix.lower() == LINES_SUFFIX:
            lines = enumerate(read_lines(path), start=1)
            rows = (self.left_out.attempt(_json_row, path, number, line) for number, line in lines if line.strip())
            yield from (row for row in rows if row is not None)
        elif path.suffix.lower() == TABLE_SUFFIX:
            yield from read_table(path, NEEDED)
        else:
            raise BrokenFileError(path, f"a manifest {TABLE_SUFFIX} or {LINES_SUFFIX}", path.suffix)

    def _recording(self, row: Row, seen: Set[str]) -> "ManifestRecording":
        line = _Line(Path(self.path), row)
        clip_id, subject = line.needed("clip"), line.needed("subject")
        if clip_id in seen:
            raise line.broken("a clip name of its own", clip_id)
        seen.add(clip_id)
        start_s, end_s = line.span()
        pictures = line.pictures(start_s, end_s)
        face = line.text("face") or self.faces.face
        if face not in (FIND, WHOLE):
            raise line.broken(f"face {FIND} or {WHOLE}", face)
        filmed = FilmedRecording(
            clip_id=clip_id,
            subject=subject,
            labels=_shifted(read_labels(line.path, row.line, row.fields.get("labels")), start_s, end_s),
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
    frames_per_s: float
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
        states = read_states(self.action_units, self.landmarks, self.frames_per_s, self._neutral_spans())
        return states.between(self.start_s, self.end_s)

    def load(self) -> Clip:
        words: Tuple[TimedWord, ...] = ()
        if self.transcript is not None:
            spoken = (word for word in read_words(self.transcript) if word.overlaps(self.start_s, self.end_s))
            words = tuple(_moved(word, self.start_s, self.end_s) for word in spoken)
        states = self.states()
        known = {} if states is None else {"components": states.states, "components_s": tuple(states.time_s)}
        return replace(self.filmed, words=words, by_time=True, **known).load()

    def _neutral_spans(self) -> Tuple[Tuple[float, float], ...]:
        """Where the labels say that the person is neutral, on the video's clock."""
        neutral = (label for label in self.labels if label.is_neutral)
        return tuple((label.start_s + self.start_s, label.end_s + self.start_s) for label in neutral)


class _Line:
    """The fields of one line, each read and checked in its own way."""

    def __init__(self, path: Path, row: Row) -> None:
        self.path, self.row = path, row
        unknown = [key for key in row.fields if key not in KEYS]
        if unknown:
            raise self.broken(f"a column of {', '.join(KEYS)}", unknown[0])

    def broken(self, expected: str, found: object) -> BrokenFileError:
        return BrokenFileError(self.path, expected, found, self.row.line)

    def text(self, key: str) -> str:
        value = self.row.fields.get(key)
        return "" if value is None else str(value).strip()

    def needed(self, key: str) -> str:
        if not self.text(key):
            raise self.broken(f"a {key}", "none")
        return self.text(key)

    def number(self, key: str, otherwise: float) -> float:
        text = self.text(key)
        return numbers_of(self.path, [text], 1, self.row.line)[0] if text else otherwise

    def file(self, key: str) -> Optional[Path]:
        text = self.text(key)
        return self.path.parent / text if text else None

    def span(self) -> Tuple[float, float]:
        start_s, end_s = self.number("start_s", 0.0), self.number("end_s", math.inf)
        if not 0 <= start_s < end_s:
            raise self.broken("start_s of at least 0, before end_s", f"{start_s:g} and {end_s:g}")
        return start_s, end_s

    def frames_per_s(self) -> float:
        rate = self.number("frames_per_s", USUAL_FPS)
        if not 0 < rate <= 1000:
            raise self.broken("frames_per_s above 0", f"{rate:g}")
        return rate

    def pictures(self, start_s: float, end_s: float) -> Optional[PictureSource]:
        video, folder = self.file("video"), self.file("frames")
        if video is not None and folder is not None:
            raise self.broken("a video or frames", "both")
        if video is not None:
            return VideoSpan(video, start_s, end_s)
        return None if folder is None else self._files(folder, start_s, end_s)

    def _files(self, folder: Path, start_s: float, end_s: float) -> PictureFiles:
        if not self.text("frames_per_s"):
            raise self.broken("frames_per_s beside frames", "none")
        if not folder.is_dir():
            raise self.broken("a folder of frames", f"none at {folder}")
        timed = ((path, number / self.frames_per_s()) for number, path in enumerate(pictures_in(folder)))
        within = [(path, time_s - start_s) for path, time_s in timed if start_s <= time_s < end_s]
        if not within:
            raise self.broken("pictures in the folder of frames", f"none in {folder}")
        paths, frame_s = zip(*within)
        return PictureFiles(paths, frame_s, every_s=0.1)


def _json_row(path: Path, number: int, line: str) -> Row:
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise BrokenFileError(path, "a JSON object", line, number) from error
    if not isinstance(fields, dict):
        raise BrokenFileError(path, "a JSON object", line, number)
    plain: Dict[str, Any] = fields
    missing: List[str] = [key for key in NEEDED if key not in plain]
    if missing:
        raise BrokenFileError(path, f"a key {missing[0]}", ", ".join(plain), number)
    return Row(number, plain)


def _shifted(labels: Tuple[LabelInterval, ...], start_s: float, end_s: float) -> Tuple[LabelInterval, ...]:
    """The part of the labels that lies in the clip, on its clock. A whole clip's label is on the clip's clock."""
    kept = (label for label in labels if label.end_s > start_s and label.start_s < end_s)
    return tuple(
        replace(label, start_s=max(label.start_s, start_s) - start_s, end_s=min(label.end_s, end_s) - start_s)
        for label in kept
    )


def _moved(word: TimedWord, start_s: float, end_s: float) -> TimedWord:
    return TimedWord(word.text, max(word.start_s, start_s) - start_s, min(word.end_s, end_s) - start_s)
