"""Emotion sequences judged as sequences: segments, the runs that they merge into, and the boundaries of the runs."""

from typing import Dict, NamedTuple, Tuple

import mir_eval
import numpy as np
from rapidfuzz.distance import Levenshtein
from sklearn.metrics import accuracy_score

from stf2m_ros.emotions import INTENSITIES

COLUMNS = (
    "segments right",
    "edit distance of runs",
    "boundary error, s",
    "boundaries found",
    "found ones that are true",
)
SILENT = -1


class Runs(NamedTuple):
    """Neighbouring segments of one class. intervals_s: (R, 2)."""

    classes: Tuple[int, ...]
    intervals_s: np.ndarray


def runs_of(classes: np.ndarray, segment_s: float) -> Runs:
    """classes: (S,) of neighbouring segments."""
    firsts = np.flatnonzero(np.diff(classes, prepend=classes[0] - 1))
    ends = np.append(firsts[1:], len(classes))
    return Runs(tuple(classes[firsts].tolist()), np.stack([firsts, ends], 1) * segment_s)


def emotions_only(classes: np.ndarray) -> np.ndarray:
    """Classes without their level; neutral stays one, silence stays silence."""
    return np.where(classes == SILENT, SILENT, classes // len(INTENSITIES))


def sequence_scores(expected: np.ndarray, said: np.ndarray, segment_s: float, hop_s: float) -> Dict[str, float]:
    """expected, said: (S,) class of each segment of one clip. By COLUMNS; NaN where a clip has no boundary.

    The edit distance is of the sequences of runs, as a share of the longer one. A boundary is found where one of ours
    lies within a hop of it, each of ours serving for one. The error is the median way to the nearest of ours.
    """
    true, ours = runs_of(expected, segment_s), runs_of(said, segment_s)
    scores = {
        "segments right": float(accuracy_score(expected, said)),
        "edit distance of runs": float(Levenshtein.normalized_distance(true.classes, ours.classes)),
    }
    if len(true.classes) < 2:
        return {**scores, **dict.fromkeys(COLUMNS[2:], float("nan"))}
    if len(ours.classes) < 2:
        return {**scores, "boundary error, s": float("nan"), "boundaries found": 0.0, COLUMNS[4]: float("nan")}
    # A hair more than a hop: a boundary exactly one hop away lies within it.
    window_s = hop_s + 1e-6
    precision, recall, _ = mir_eval.segment.detection(true.intervals_s, ours.intervals_s, window=window_s, trim=True)
    to_nearest_s, _ = mir_eval.segment.deviation(true.intervals_s, ours.intervals_s, trim=True)
    return {**scores, "boundary error, s": float(to_nearest_s), "boundaries found": recall, COLUMNS[4]: precision}
