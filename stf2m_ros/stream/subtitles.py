"""Transcripts from files: SubRip and WebVTT subtitles, and JSON Lines of timed words."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple, Union

import pysubs2

from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.utterance import Utterance, clean_text, split_words, spread_words

SUBTITLE_FORMATS = {".srt": "srt", ".vtt": "vtt"}
LINES_SUFFIX = ".jsonl"
LONGEST_S = 1e6
"""Eleven days, more than any clip. Playing adds the time since 1970, and a message's stamp holds less than 2^31 s."""

_WEBVTT = SUBTITLE_FORMATS[".vtt"]
_NOTE = re.compile(r"NOTE(\s|$)")
_NUMBER = re.compile(r"\s*\d+\s*")
_INLINE_TIME = re.compile(r"<((?:\d+:)?\d{2}:\d{2}\.\d{3})>")
_TAG = re.compile(r"<[^>]*>")
_COLON = "\ue001"  # stands for : in a text, where pysubs2 would look for times; of private use, so in no text


class _Cue(NamedTuple):
    """A line that tells times, its number in the file, and the lines of text below it."""

    line: int
    times: str
    text: Sequence[str]


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
    cues = _cues(path, text.split("\n"), format_)
    try:
        events = pysubs2.SSAFile.from_string(_for_pysubs2(cues), format_=format_).events
    except pysubs2.exceptions.Pysubs2Error as error:
        raise ValueError(f"{path}: expected {format_} subtitles, found: {error}") from error
    for event, cue in zip(events, cues):
        if event.start > event.end:
            found = f"{event.start / 1000:g} to {event.end / 1000:g} s"
            raise ValueError(f"{path}, line {cue.line}: expected a subtitle that ends after its start, found {found}")
        if event.end > LONGEST_S * 1000:
            found = f"{event.end / 1000:.0f} s"
            raise ValueError(f"{path}, line {cue.line}: expected times up to {LONGEST_S:.0f} s, found {found}")
    said = (_said(event.plaintext.replace(_COLON, ":"), event.start / 1000, event.end / 1000) for event in events)
    spoken = [utterance for utterance in said if utterance.text.strip()]
    if not spoken and text:
        raise ValueError(f"{path}: expected {format_} subtitles, found no timed text")
    return tuple(replace(utterance, utterance_id=str(number)) for number, utterance in enumerate(spoken, start=1))


def _cues(path: Path, lines: Sequence[str], format_: str) -> List[_Cue]:
    """What is spoken of a file. Names, notes and styles stand between the cues, and pysubs2 would speak them."""
    if format_ == _WEBVTT:
        lines = list(_without_notes(lines))
    places = _time_lines(path, lines, format_)
    texts = [
        _text_of_cue(lines[place + 1 : following], format_, following == len(lines))
        for place, following in zip(places, [*places[1:], len(lines)])
    ]
    if any(_INLINE_TIME.search(line) for text in texts for line in text):
        texts = [_new_lines(before, text) for before, text in zip([[], *texts], texts)]
    return [_Cue(place + 1, lines[place], text) for place, text in zip(places, texts)]


def _without_notes(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a WebVTT file, those of its comments empty, also of one in which times stand."""
    is_note = False
    for before, line in zip(["", *lines], lines):
        is_note = line != "" and (is_note or (before == "" and _NOTE.match(line) is not None))
        yield "" if is_note else line


def _text_of_cue(lines: Sequence[str], format_: str, is_last: bool) -> Sequence[str]:
    """The text of a cue, of the lines between its times and the next ones.

    In WebVTT an empty line ends it (W3C WebVTT, section 6.1); in SubRip only the next subtitle's number does.
    """
    if format_ == _WEBVTT and "" in lines:
        return lines[: lines.index("")]
    text = list(lines)
    while text and not text[-1].strip():
        text.pop()
    if len(text) > 1 and _NUMBER.fullmatch(text[-1]) and not (is_last and text[-2].strip()):
        text.pop()
    return text


def _new_lines(before: Sequence[str], text: Sequence[str]) -> Sequence[str]:
    """The lines of a cue that the one before does not show. Captions that roll, as YouTube's, show each line again."""
    before, text = ([line for line in lines if line.strip()] for lines in (before, text))
    were = [_TAG.sub("", line).strip() for line in before]
    # A line that tells the times of its words is spoken, whatever stood there before.
    are = [line if _INLINE_TIME.search(line) else _TAG.sub("", line).strip() for line in text]
    return text[next((count for count in range(len(were), 0, -1) if were[-count:] == are[:count]), 0) :]


def _for_pysubs2(cues: Sequence[_Cue]) -> str:
    """The cues as pysubs2 reads them rightly: a number before each and at the end, and no time in any text."""
    numbered = (
        "\n".join([str(number), cue.times, *(line.replace(":", _COLON) for line in cue.text), "\n"])
        for number, cue in enumerate(cues, start=1)
    )
    return "".join([*numbered, str(len(cues) + 1)])


def _said(marked: str, start_s: float, end_s: float) -> Utterance:
    """A text in which times may stand, each before what is spoken from then on."""
    parts = _INLINE_TIME.split(marked)
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


def _time_lines(path: Path, lines: Sequence[str], format_: str) -> List[int]:
    """The places of the lines that tell times. One that tells none would be spoken with the text before it."""
    pattern = pysubs2.formats.get_format_class(format_).TIMESTAMP
    places = [place for place, line in enumerate(lines) if "-->" in line]
    for place in places:
        if len(pattern.findall(lines[place])) != 2:
            found = lines[place].strip()[:80]
            raise ValueError(f"{path}, line {place + 1}: expected two times beside -->, found {found!r}")
    return places


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
