"""The table that labelling by rules writes: a row a face, with its linguistic condition and the rule behind it."""

import csv
import io
import os
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

from stf2m_ros.data.rule_labels import RuleLabelling, RuleLabels, condition_texts
from stf2m_ros.emotions import CLASS_NAMES, NEUTRAL
from stf2m_ros.fuzzy.inference import NOTHING_FIRED

COLUMNS = (
    *("clip", "picture", "frame", "time_s"),
    *("label", "emotion", "intensity", "value", "rule", "match", "extent", "condition"),
)
NO_LABEL = "unknown"
"""Where no rule says anything."""


class LabelledRows(NamedTuple):
    """Faces of one recording (or one file) and their labels; N of each."""

    clip: str
    places: Sequence[str]  # "picture,frame,time_s", see place_texts
    labels: RuleLabels
    time_s: np.ndarray  # (N,) NaN where there is no time


def write_labels(path: Path, batches: Iterable[LabelledRows], how: RuleLabelling) -> int:
    """Write the table, whole or not at all; returns the number of rows, without any of which nothing is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    rows = 0
    try:
        with open(part, "w", encoding="utf-8", newline="") as file:
            file.write(_csv_lines([COLUMNS])[0])
            for batch in batches:
                file.write("".join(_lines(batch, how)))
                rows += len(batch.labels)
        if rows:
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return rows


def _lines(batch: LabelledRows, how: RuleLabelling) -> Iterator[str]:
    """Faces alike end alike: those texts are made once, and only joined to each row's beginning."""
    endings = np.array(_csv_lines(_judgements(batch.labels, how)), dtype=object)[batch.labels.kind]
    clip = _csv_field(batch.clip)
    return (f"{clip},{place},{ending}" for place, ending in zip(batch.places, endings))


def place_texts(pictures: Sequence[str], numbers: Sequence[int], times_s: Sequence[float]) -> List[str]:
    """Which picture, which frame, when: the fields that tell faces of one recording apart; no times: empty."""
    if _needs_quotes("".join(pictures)):
        pictures = [_csv_field(picture) for picture in pictures]
    if not len(times_s):
        return [f"{picture},{number}," for picture, number in zip(pictures, numbers)]
    return [f"{picture},{number},{time_s:.2f}" for picture, number, time_s in zip(pictures, numbers, times_s)]


def _judgements(labels: RuleLabels, how: RuleLabelling) -> Iterator[Tuple[str, ...]]:
    """What the rows of one kind have in common, as fields."""
    conditions = condition_texts(labels.states, how.component_range)
    columns = (labels.class_index, labels.value, labels.rule, labels.firing, labels.extent)
    for condition, index, value, rule, firing, extent in zip(conditions, *(column.tolist() for column in columns)):
        if index == NOTHING_FIRED:
            yield (NO_LABEL, NO_LABEL, "", "0", "", "0", "0", condition)
            continue
        emotion, _, intensity = CLASS_NAMES[index].partition("-")
        told_extent = "" if emotion == NEUTRAL else f"{extent:.3f}"
        yield (
            *(CLASS_NAMES[index], emotion, intensity, f"{value:.3f}"),
            *(how.rules.names[rule], f"{firing:.3f}", told_extent, condition),
        )


def _csv_lines(rows: Iterable[Sequence[str]]) -> List[str]:
    text, lines = io.StringIO(), []
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow(row)
        lines.append(text.getvalue())
        text.seek(0)
        text.truncate()
    return lines


def _csv_field(text: str) -> str:
    return _csv_lines([[text, ""]])[0][:-2]


def _needs_quotes(text: str) -> bool:
    return any(character in text for character in ',"\n\r')
