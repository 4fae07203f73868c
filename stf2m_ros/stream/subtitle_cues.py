"""What is spoken of a SubRip or WebVTT file, found before pysubs2 reads it.

It would speak the names, notes and styles that stand between WebVTT's cues, and take times within a text for a new cue.
"""

import html
import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Sequence

if TYPE_CHECKING:
    import pysubs2

WEBVTT = "vtt"
INLINE_TIME = re.compile(r"<((?:\d+:)?\d{2}:\d{2}\.\d{3})>")
"""Before what is spoken from then on."""
_NOTE = re.compile(r"NOTE(\s|$)")
_NUMBER = re.compile(r"\s*\d+\s*")
_TAG = re.compile(r"<[^>]*>")
_VOICE = re.compile(r"<(?:v(?:\.[^\s>]*)?\s+([^>]*)|/v)>")
"""Says who speaks from then on, or that nobody says who (W3C WebVTT, section 3.2)."""
_COLON = "\ue001"  # stands for : in a text, where pysubs2 would look for times; of private use, so in no text


class Cue(NamedTuple):
    """A line that tells times, its number in the file, and the lines of text below it that one speaker says."""

    line: int
    times: str
    text: Sequence[str]
    speaker: str = ""


def load_pysubs2(path: Path) -> ModuleType:
    """Not before there are subtitles: rosdep does not know it, and a robot may have none. Raises ValueError."""
    try:
        import pysubs2
    except ModuleNotFoundError as error:
        what = "the package pysubs2 for subtitles, found it is not installed"
        raise ValueError(f"{path}: expected {what} (apt install python3-pysubs2)") from error
    return pysubs2


def cues_of(path: Path, lines: Sequence[str], format_: str) -> List[Cue]:
    """Raises ValueError for a line that tells other than two times."""
    if format_ == WEBVTT:
        lines = list(_without_notes(lines))
    places = _time_lines(path, lines, format_)
    texts = [
        _text_of_cue(lines[place + 1 : following], format_, following == len(lines))
        for place, following in zip(places, [*places[1:], len(lines)])
    ]
    if any(INLINE_TIME.search(line) for text in texts for line in text):
        texts = [_new_lines(before, text) for before, text in zip([[], *texts], texts)]
    cues = (Cue(place + 1, lines[place], text) for place, text in zip(places, texts))
    return [each for cue in cues for each in (_of_each_voice(cue) if format_ == WEBVTT else [cue])]


def _of_each_voice(cue: Cue) -> List[Cue]:
    """The cue once for each stretch of it that a voice speaks, as of a meeting's recording; all share its times."""
    first, *others = _VOICE.split("\n".join(cue.text))
    stretches = [("", first), *zip(others[::2], others[1::2])]
    spoken = [(html.unescape(name or "").strip(), text) for name, text in stretches if _TAG.sub("", text).strip()]
    return [cue._replace(text=text.split("\n"), speaker=name) for name, text in spoken] or [cue]


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
    if format_ == WEBVTT and "" in lines:
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
    are = [line if INLINE_TIME.search(line) else _TAG.sub("", line).strip() for line in text]
    return text[next((count for count in range(len(were), 0, -1) if were[-count:] == are[:count]), 0) :]


def for_pysubs2(cues: Sequence[Cue]) -> str:
    """The cues as pysubs2 reads them rightly: a number before each and at the end, and no time in any text."""
    numbered = (
        "\n".join([str(number), cue.times, *(line.replace(":", _COLON) for line in cue.text), "\n"])
        for number, cue in enumerate(cues, start=1)
    )
    return "".join([*numbered, str(len(cues) + 1)])


def plain_text(event: "pysubs2.SSAEvent") -> str:
    """Of what pysubs2 read, without its tags."""
    return event.plaintext.replace(_COLON, ":")


def _time_lines(path: Path, lines: Sequence[str], format_: str) -> List[int]:
    """The places of the lines that tell times. One that tells none would be spoken with the text before it."""
    pattern = load_pysubs2(path).formats.get_format_class(format_).TIMESTAMP
    places = [place for place, line in enumerate(lines) if "-->" in line]
    for place in places:
        if len(pattern.findall(lines[place])) != 2:
            found = lines[place].strip()[:80]
            raise ValueError(f"{path}, line {place + 1}: expected two times beside -->, found {found!r}")
    return places
