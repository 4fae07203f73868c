"""The fields of a manifest that are little languages of their own: labels and transcripts."""

import os
import re
from pathlib import Path
from typing import Any, Iterable, List, Tuple

from stf2m_ros.data.clip import LabelInterval, TimedWord
from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.levels import UNTIL_THE_END, named_label
from stf2m_ros.data.sets.text_files import numbers_of, read_table
from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL
from stf2m_ros.stream.subtitles import read_transcript
from stf2m_ros.stream.timed_word import as_utterance
from stf2m_ros.stream.utterance import clean_text, plain_words, split_words, spread_words

LABEL_COLUMNS = ("label", "start_s", "end_s")
WORD_COLUMNS = ("text", "start_s", "end_s")
KNOWN_LABELS = f"a label such as {NEUTRAL}, {EMOTIONS[0]} or {EMOTIONS[0]}-{INTENSITIES[-1]}"

_LONGEST_S = 86400  # of a clip without pictures, whose length nothing else tells
_SPAN = re.compile(r"(\S+)\s+([\d.]+)\s*-\s*([\d.]+)$")


def read_labels(path: Path, line: int, entry: Any) -> Tuple[LabelInterval, ...]:
    """The labels of a manifest's line, in the order of time. Raises BrokenFileError."""
    if entry is None or entry == "":
        return ()
    if isinstance(entry, str) and entry.strip().lower().endswith(".csv"):
        table = path.parent / entry.strip()
        if not os.path.isfile(table):
            raise BrokenFileError(path, f"the labels {table}", "no file", line)
        return _from_table(table)
    if isinstance(entry, list):
        return _in_order(path, line, [_from_object(path, line, item) for item in entry])
    if not isinstance(entry, str):
        raise BrokenFileError(path, "labels as text or as a list", entry, line)
    parts = [part.strip() for part in entry.split(";") if part.strip()]
    if len(parts) == 1 and not any(character.isspace() for character in parts[0]):
        return (_label(path, line, parts[0], 0.0, UNTIL_THE_END),)
    return _in_order(path, line, [_from_text(path, line, part) for part in parts])


def _from_text(path: Path, line: int, part: str) -> LabelInterval:
    match = _SPAN.match(part)
    if match is None:
        raise BrokenFileError(path, "labels such as: neutral 0-2.5; happiness-high 2.5-6", part, line)
    return _label(path, line, match[1], *numbers_of(path, [match[2], match[3]], 2, line))


def _from_object(path: Path, line: int, item: Any) -> LabelInterval:
    if not isinstance(item, dict) or any(key not in item for key in LABEL_COLUMNS):
        raise BrokenFileError(path, f"a label with {', '.join(LABEL_COLUMNS)}", item, line)
    times_s = numbers_of(path, [str(item["start_s"]), str(item["end_s"])], 2, line)
    return _label(path, line, str(item["label"]), *times_s)


def _from_table(table: Path) -> Tuple[LabelInterval, ...]:
    labels: List[LabelInterval] = []
    for row in read_table(table, LABEL_COLUMNS):
        times_s = numbers_of(table, [row.fields["start_s"], row.fields["end_s"]], 2, row.line)
        labels.append(_label(table, row.line, row.fields["label"].strip(), *times_s))
        _in_order(table, row.line, labels[-2:])
    return tuple(labels)


def _label(path: Path, line: int, name: str, start_s: float, end_s: float) -> LabelInterval:
    if not 0 <= start_s < end_s:
        expected = "a label that starts at 0 or later and before its end"
        raise BrokenFileError(path, expected, f"{start_s:g}-{end_s:g}", line)
    if end_s > _LONGEST_S and end_s != UNTIL_THE_END:
        raise BrokenFileError(path, f"times in seconds, up to a day's {_LONGEST_S}", f"{end_s:g}", line)
    label = named_label(name.lower(), start_s, end_s)
    if label is None:
        raise BrokenFileError(path, KNOWN_LABELS, name, line)
    return label


def _in_order(path: Path, line: int, labels: Iterable[LabelInterval]) -> Tuple[LabelInterval, ...]:
    labels = tuple(labels)
    for before, after in zip(labels, labels[1:]):
        if after.start_s < before.end_s - 1e-6:
            expected = f"labels in the order of time, the next one from {before.end_s:g} s on"
            raise BrokenFileError(path, expected, f"one from {after.start_s:g} s", line)
    return labels


def read_words(path: Path) -> Tuple[TimedWord, ...]:
    """The words of a transcript with their times, as the robot hears them: in the order in which they were said.

    Those of untimed utterances are spread. Raises BrokenFileError.
    """
    if path.suffix.lower() == ".csv":
        rows = (_timed_word(path, row.line, row.fields) for row in read_table(path, WORD_COLUMNS))
        return _as_said(rows)
    if not path.is_file():
        raise BrokenFileError(path, "a transcript", "no file")
    try:
        utterances = read_transcript(path)
    except ValueError as error:
        raise BrokenFileError.told(str(error)) from error
    spread = (
        _as_said(utterance.words)
        or spread_words(split_words(clean_text(utterance.text)), utterance.start_s, utterance.end_s)
        for utterance in utterances
    )
    return tuple(word for words in spread for word in as_utterance(words))


def _as_said(words: Iterable[TimedWord]) -> Tuple[TimedWord, ...]:
    return plain_words(sorted(words, key=lambda word: (word.start_s, word.end_s)))


def _timed_word(path: Path, line: int, fields: dict) -> TimedWord:
    start_s, end_s = numbers_of(path, [fields["start_s"], fields["end_s"]], 2, line)
    if not 0 <= start_s <= end_s:
        raise BrokenFileError(path, "start_s of 0 or later and not after end_s", f"{start_s:g} and {end_s:g}", line)
    return TimedWord(fields["text"], start_s, end_s)
