"""One line of a manifest: its fields, each read and checked in its own way, and complained of by the line's number."""

import json
import math
import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.manifest_fields import read_labels
from stf2m_ros.data.sets.pictures import PictureFiles, VideoSpan, pictures_in
from stf2m_ros.data.sets.text_files import Row, numbers_of

NEEDED = ("clip", "subject")
KEYS = (
    *NEEDED,
    *("video", "frames", "frames_per_s", "face", "start_s", "end_s"),
    *("transcript", "labels", "action_units", "landmarks"),
)
Pictures = Union[VideoSpan, PictureFiles]


class Line:
    """Every method raises BrokenFileError."""

    def __init__(self, path: Path, row: Row) -> None:
        self.path, self.row = path, row

    def broken(self, expected: str, found: object) -> BrokenFileError:
        return BrokenFileError(self.path, expected, found, self.row.line)

    def text(self, key: str) -> str:
        value = self.row.fields.get(key)
        return "" if value is None else str(value).strip()

    def needed(self, key: str) -> str:
        """A name, its letters composed: "Zoë" may be written in two ways that look alike, and is one person."""
        name = unicodedata.normalize("NFC", self.text(key))
        if not name:
            raise self.broken(f"a {key}", "none")
        if re.search("[\ud800-\udfff]", name):
            raise self.broken(f"a {key} of whole characters", repr(name))
        return name

    def number(self, key: str, otherwise: float) -> float:
        text = self.text(key)
        return numbers_of(self.path, [text], 1, self.row.line)[0] if text else otherwise

    def file(self, key: str) -> Optional[Path]:
        """None where the line names none. That it is absent is said now, not after hours of reading the others."""
        text = self.text(key)
        path = self.path.parent / text
        if text and not os.path.isfile(path):  # not path.is_file, which fails where a text is too long for a name
            raise self.broken(f"the {key} {path}", "no file")
        return path if text else None

    def span(self) -> Tuple[float, float]:
        start_s, end_s = self.number("start_s", 0.0), self.number("end_s", math.inf)
        if not 0 <= start_s < end_s:
            raise self.broken("start_s of at least 0, before end_s", f"{start_s:g} and {end_s:g}")
        return start_s, end_s

    def frames_per_s(self) -> Optional[float]:
        """None where the line tells none."""
        if not self.text("frames_per_s"):
            return None
        rate = self.number("frames_per_s", 0.0)
        if not 0 < rate <= 1000:
            raise self.broken("frames_per_s above 0", f"{rate:g}")
        return rate

    def labels(self, start_s: float, end_s: float) -> Tuple[LabelInterval, ...]:
        """On the clip's own clock. A file of labels may serve several clips; what stands in the line is this one's."""
        entry = self.row.fields.get("labels")
        labels = read_labels(self.path, self.row.line, entry)
        kept = shifted(labels, start_s, end_s)
        if len(kept) < len(labels) and not self.text("labels").lower().endswith(".csv"):
            raise self.broken(f"labels from start_s {start_s:g} to end_s {end_s:g}", entry)
        return kept

    def pictures(self, start_s: float, end_s: float) -> Optional[Pictures]:
        if self.text("video") and self.text("frames"):
            raise self.broken("a video or frames", "both")
        if self.text("frames"):
            return self._files(self.path.parent / self.text("frames"), start_s, end_s)
        video = self.file("video")
        return None if video is None else VideoSpan(video, start_s, end_s)

    def _files(self, folder: Path, start_s: float, end_s: float) -> PictureFiles:
        rate = self.frames_per_s()
        if rate is None:
            raise self.broken("frames_per_s beside frames", "none")
        if not os.path.isdir(folder):
            raise self.broken("a folder of frames", f"none at {folder}")
        timed = ((path, number / rate) for number, path in enumerate(pictures_in(folder)))
        within = [(path, time_s - start_s) for path, time_s in timed if start_s <= time_s < end_s]
        if not within:
            raise self.broken("pictures in the folder of frames", f"none in {folder}")
        paths, frame_s = zip(*within)
        return PictureFiles(paths, frame_s, every_s=0.1)


def json_row(path: Path, number: int, line: str) -> Row:
    """The fields of one line of JSON. Raises BrokenFileError."""
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
    unknown = [key for key in plain if key not in KEYS]
    if unknown:
        raise BrokenFileError(path, f"keys of {', '.join(KEYS)}", unknown[0], number)
    return Row(number, plain)


def shifted(labels: Tuple[LabelInterval, ...], start_s: float, end_s: float) -> Tuple[LabelInterval, ...]:
    """The part of the labels that lies in the clip, on its clock. A whole clip's label is on the clip's clock."""
    kept = (label for label in labels if label.end_s > start_s and label.start_s < end_s)
    return tuple(
        replace(label, start_s=max(label.start_s, start_s) - start_s, end_s=min(label.end_s, end_s) - start_s)
        for label in kept
    )
