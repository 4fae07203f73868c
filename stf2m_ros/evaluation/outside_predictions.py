"""Predictions of any model from a table, scored in the same tables as ours.

A .csv with the columns clip, and start_s where clips have several labelled segments; and either `class` (a name such as
happiness-high, or an emotion alone) or one column of probability for each class. Files joined by "+" are bagged: their
probabilities are averaged, as the paper does with models of one modality.
"""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

from stf2m_ros.data.sets.levels import classes_of
from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, NEUTRAL, NUM_CLASSES
from stf2m_ros.evaluation.scores.scored import Scored

Key = Tuple[str, float]


def read_predictions(text: str, labelled: Scored) -> Tuple[str, Scored]:
    """Name of the model, and its answers to the same rows; a row that it leaves out is one on which it was silent.

    text: a path, or several joined by "+". Raises ValueError or OSError in one line.
    """
    paths = [Path(part) for part in text.split("+")]
    each = [_answers(path, labelled) for path in paths]
    heard = np.array([probabilities.any(1) for probabilities in each]).sum(0)
    bagged = np.sum(each, axis=0) / np.maximum(heard, 1)[:, None]
    return " + ".join(path.stem for path in paths), replace(labelled, probabilities=bagged)


def check_predictions(text: str) -> None:
    """Raises ValueError or OSError, in one line, where a file is no table of predictions; known before any judging."""
    for part in text.split("+"):
        _table(Path(part))


def _answers(path: Path, labelled: Scored) -> np.ndarray:
    """(K, 19)."""
    table = _table(path)
    starts = np.zeros(len(labelled)) if labelled.start_s is None else labelled.start_s
    found = np.zeros((len(labelled), NUM_CLASSES))
    for place, (clip, start_s) in enumerate(zip(labelled.clips.tolist(), starts.tolist())):
        row = table.get((clip, round(start_s, 3)), table.get((clip, -1.0)))
        if row is not None:
            found[place] = row
    if not found.any():
        raise ValueError(f"{path}: expected clips of the data such as {labelled.clips[0]!r}, found none of them")
    return found


def _table(path: Path) -> Dict[Key, np.ndarray]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows: List[Dict[str, str]] = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: expected a table in UTF-8, found {error}") from error
    if not rows or "clip" not in rows[0]:
        raise ValueError(f"{path}: expected a table with a column clip, found {list(rows[0]) if rows else 'no rows'}")
    table = {}
    for number, row in enumerate(rows, start=2):
        start_s = row.get("start_s") or "-1"
        try:
            table[row["clip"], round(float(start_s), 3)] = _probabilities(row)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    return table


def _probabilities(row: Dict[str, str]) -> np.ndarray:
    said = np.zeros(NUM_CLASSES)
    if row.get("class"):
        name = row["class"].strip()
        if name not in (*CLASS_NAMES, *EMOTIONS, NEUTRAL):
            raise ValueError(f"expected a class such as {CLASS_NAMES[0]} or {EMOTIONS[0]}, found {name!r}")
        said[[CLASS_NAMES.index(name)] if name in CLASS_NAMES else list(classes_of(name))] = 1
    else:
        for name in (*CLASS_NAMES, *EMOTIONS):
            if row.get(name):
                places = [CLASS_NAMES.index(name)] if name in CLASS_NAMES else list(classes_of(name))
                said[places] += float(row[name]) / len(places)
    if not np.isfinite(said).all() or said.min() < 0 or not said.any():
        raise ValueError(f"expected a class, or probabilities in columns named {CLASS_NAMES[0]} and so on, found none")
    return said / said.sum()
