"""Transcripts from files: SubRip and WebVTT subtitles, and JSON Lines of timed words."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Tuple, Union

from stf2m_ros.stream.subtitle_cues import INLINE_TIME, WEBVTT, cues_of, for_pysubs2, load_pysubs2, plain_text
from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.utterance import Utterance, clean_text, split_words, spread_words

SUBTITLE_FORMATS = {".srt": "srt", ".vtt": WEBVTT}
LINES_SUFFIX = ".jsonl"
LONGEST_S = 1e6
"""Eleven days, more than any clip. Playing adds the time since 1970, and a message's stamp holds less than 2^31 s."""


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
    pysubs2, text = load_pysubs2(path), _text_of(path)
    cues = cues_of(path, text.split("\n"), format_)
    try:
        events = pysubs2.SSAFile.from_string(for_pysubs2(cues), format_=format_).events
    except pysubs2.exceptions.Pysubs2Error as error:
        raise ValueError(f"{path}: expected {format_} subtitles, found: {error}") from error
    for event, cue in zip(events, cues):
        if event.start > event.end:
            found = f"{event.start / 1000:g} to {event.end / 1000:g} s"
            raise ValueError(f"{path}, line {cue.line}: expected a subtitle that ends after its start, found {found}")
        if event.end > LONGEST_S * 1000:
            found = f"{event.end / 1000:.0f} s"
            raise ValueError(f"{path}, line {cue.line}: expected times up to {LONGEST_S:.0f} s, found {found}")
    said = (
        replace(_said(plain_text(event), event.start / 1000, event.end / 1000), speaker_id=cue.speaker)
        for event, cue in zip(events, cues)
    )
    spoken = [utterance for utterance in said if utterance.text.strip()]
    if not spoken and text:
        raise ValueError(f"{path}: expected {format_} subtitles, found no timed text")
    return tuple(replace(utterance, utterance_id=str(number)) for number, utterance in enumerate(spoken, start=1))


def _said(marked: str, start_s: float, end_s: float) -> Utterance:
    """A text in which times may stand, each before what is spoken from then on."""
    parts = INLINE_TIME.split(marked)
    texts = [html.unescape(part) for part in parts[::2]]
    text = "".join(texts)
    words = [split_words(clean_text(part)) for part in texts]
    edges_s = [start_s, *map(_seconds_of_clock, parts[1::2]), end_s]
    # A time within a word is of karaoke, one out of order of nobody knows what.
    if len(texts) == 1 or edges_s != sorted(edges_s) or sum(words, ()) != split_words(clean_text(text)):
        return Utterance(text, start_s, end_s)
    spread = map(spread_words, words, edges_s, edges_s[1:])
    return Utterance(text, start_s, end_s, words=sum(spread, ()))


def _seconds_of_clock(text: str) -> float:
    """Of [hours:]minutes:seconds."""
    *hours, minutes, seconds = text.split(":")
    # Rounded, or the same time told for the whole cue would be another one.
    return round(3600 * int(hours[0] if hours else 0) + 60 * int(minutes) + float(seconds), 3)


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
    for number, line in enumerate(_text_of(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            utterances.append(_utterance(json.loads(line), str(number)))
        except (KeyError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            wanted = '{"text": ..., "start_s": ..., "end_s": ...}'
            raise ValueError(f"{path}, line {number}: expected {wanted}, found {line[:80]!r} ({error!r})") from error
    return tuple(utterances)


def _utterance(fields: Dict[str, Any], number: str) -> Utterance:
    return Utterance(
        text=_text(fields, "text"),
        start_s=_seconds(fields, "start_s"),
        end_s=_seconds(fields, "end_s"),
        words=tuple(
            TimedWord(_text(word, "text"), _seconds(word, "start_s"), _seconds(word, "end_s"))
            for word in fields.get("words", ())
        ),
        speaker_id=_name(fields, "speaker_id", ""),
        utterance_id=_name(fields, "utterance_id", number),
    )


def _text(fields: Dict[str, Any], key: str) -> str:
    """Raises ValueError, also for half a character (a lone surrogate), which no message can carry."""
    text = fields[key]
    if not isinstance(text, str):
        raise ValueError(f"expected {key} to be a text, found {repr(text)[:80]}")
    half = re.search("[\ud800-\udfff]", text)
    if half:
        raise ValueError(f"expected {key} to be whole characters, found {half.group()!r}")
    return text


def _name(fields: Dict[str, Any], key: str, otherwise: str) -> str:
    """A text or a number; null is as good as none."""
    value = fields.get(key)
    if value is None:
        return otherwise
    return str(value) if isinstance(value, (int, float)) else _text(fields, key)


def _seconds(fields: Dict[str, Any], key: str) -> float:
    value_s = float(fields[key])
    if not 0 <= value_s <= LONGEST_S:
        raise ValueError(f"expected {key} from 0 to {LONGEST_S:.0f}, found {value_s:g}")
    return value_s
