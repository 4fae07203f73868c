"""Transcripts from files: SubRip and WebVTT subtitles, and JSON Lines of timed words."""

import json
from pathlib import Path
from typing import Any, Dict, List, Tuple, Union

import pysubs2

from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.utterance import Utterance

SUBTITLE_FORMATS = {".srt": "srt", ".vtt": "vtt"}
LINES_SUFFIX = ".jsonl"


def read_transcript(path: Union[str, Path]) -> Tuple[Utterance, ...]:
    """The utterances of a .srt, .vtt or .jsonl file, in the order they were spoken; seconds from the clip's start.

    Raises ValueError for another kind of file or one that does not hold what its name says, OSError if unreadable.
    """
    suffix = Path(path).suffix.lower()
    if suffix in SUBTITLE_FORMATS:
        utterances = _read_subtitles(Path(path), SUBTITLE_FORMATS[suffix])
    elif suffix == LINES_SUFFIX:
        utterances = _read_lines(Path(path))
    else:
        known = ", ".join([*SUBTITLE_FORMATS, LINES_SUFFIX])
        raise ValueError(f"{path}: expected a transcript of one of {known}, found {suffix or 'no suffix'!r}")
    return tuple(sorted(utterances, key=lambda utterance: utterance.start_s))


def _read_subtitles(path: Path, format_: str) -> Tuple[Utterance, ...]:
    text = _text_of(path)
    lines = _time_lines(path, text, format_)
    try:
        events = pysubs2.SSAFile.from_string(text, format_=format_).events
    except pysubs2.exceptions.Pysubs2Error as error:
        raise ValueError(f"{path}: expected {format_} subtitles, found: {error}") from error
    for event, line in zip(events, lines):
        if event.start > event.end:
            found = f"{event.start / 1000:g} to {event.end / 1000:g} s"
            raise ValueError(f"{path}, line {line}: expected a subtitle that ends after its start, found {found}")
    spoken = [event for event in events if not event.is_comment and event.plaintext.strip()]
    if not spoken and text:
        raise ValueError(f"{path}: expected {format_} subtitles, found no timed text")
    return tuple(
        Utterance(event.plaintext, event.start / 1000, event.end / 1000, utterance_id=str(number))
        for number, event in enumerate(spoken, start=1)
    )


def _time_lines(path: Path, text: str, format_: str) -> List[int]:
    """The numbers of the lines that tell times. One that is none of them would be spoken with the text before it."""
    pattern = pysubs2.formats.get_format_class(format_).TIMESTAMP
    numbers = []
    for number, line in enumerate(text.splitlines(), start=1):
        if len(pattern.findall(line)) == 2:
            numbers.append(number)
        elif "-->" in line:
            raise ValueError(f"{path}, line {number}: expected two times beside -->, found {line.strip()[:80]!r}")
    return numbers


def _text_of(path: Path) -> str:
    """utf-8-sig: many subtitle editors write a byte order mark."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise ValueError(f"{path}, line {line}: expected text in UTF-8, found byte {byte:#x}") from error


def _read_lines(path: Path) -> Tuple[Utterance, ...]:
    utterances = []
    for number, line in enumerate(_text_of(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            utterances.append(_utterance(json.loads(line), str(number)))
        except (KeyError, TypeError, ValueError) as error:
            wanted = '{"text": ..., "start_s": ..., "end_s": ...}'
            raise ValueError(f"{path}, line {number}: expected {wanted}, found {line[:80]!r} ({error!r})") from error
    return tuple(utterances)


def _utterance(fields: Dict[str, Any], number: str) -> Utterance:
    return Utterance(
        text=str(fields["text"]),
        start_s=float(fields["start_s"]),
        end_s=float(fields["end_s"]),
        words=tuple(
            TimedWord(str(word["text"]), float(word["start_s"]), float(word["end_s"]))
            for word in fields.get("words", ())
        ),
        speaker_id=str(fields.get("speaker_id", "")),
        utterance_id=str(fields.get("utterance_id", number)),
    )
