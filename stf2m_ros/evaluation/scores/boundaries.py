"""How many of the moments at which people's emotions change are found, by judged rows of whole clips."""

from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

from stf2m_ros.evaluation.scores.metrics import over_subjects
from stf2m_ros.evaluation.scores.scored import Scored
from stf2m_ros.evaluation.scores.sequences import COLUMNS as SEQUENCE_COLUMNS
from stf2m_ros.evaluation.scores.sequences import SILENT, sequence_scores
from stf2m_ros.evaluation.study import Cell, Missing

FOUND, TRUE = SEQUENCE_COLUMNS[3:]
COLUMNS = (FOUND, TRUE)
Reduce = Callable[[np.ndarray], np.ndarray]
"""(S,) classes -> (S,) what two segments must share to be one run."""


class Sequence(NamedTuple):
    """Neighbouring labelled segments of one clip: (S,) what was expected and said, SILENT where nothing was."""

    subject: str
    expected: np.ndarray
    said: np.ndarray


class Counted(NamedTuple):
    """Of K sequences: whose each is, and (K,) its boundaries, those found of them, those told, and those told truly."""

    subjects: np.ndarray
    there: np.ndarray
    found: np.ndarray
    told: np.ndarray
    true: np.ndarray


def boundary_scores(
    scored: Scored, reduce: Reduce, segment_s: float, hop_s: float, rounds: int, seed: int
) -> Dict[str, Cell]:
    """By COLUMNS: the share of all true boundaries with one of ours within a hop, and of ours with a true one.

    Each of ours serves for one. The spread is over draws of the people.
    """
    sequences = list(sequences_of(scored, segment_s))
    counted = _counted(sequences, reduce, segment_s, hop_s)
    if not counted.there.sum():
        return dict.fromkeys(COLUMNS, Missing("no clip goes from one class to another"))

    def share(part: np.ndarray, whole: np.ndarray) -> Cell:
        known = np.flatnonzero(whole)
        if not len(known):
            return Missing("no boundary was told")
        return over_subjects(
            counted.subjects[known], lambda times: (times @ part[known]) / (times @ whole[known]), rounds, seed
        )

    return {FOUND: share(counted.found, counted.there), TRUE: share(counted.true, counted.told)}


def sequences_of(scored: Scored, segment_s: float) -> Iterator[Sequence]:
    """The rows clip by clip in their order in time, parted where segments between them have no label."""
    if scored.start_s is None:
        return
    said = np.where(scored.probabilities.any(1), scored.probabilities.argmax(1), SILENT)
    for clip in dict.fromkeys(scored.clips.tolist()):
        rows = np.flatnonzero(scored.clips == clip)
        rows = rows[np.argsort(scored.start_s[rows])]
        gaps = np.flatnonzero(np.diff(scored.start_s[rows]) > 1.5 * segment_s) + 1
        for part in np.split(rows, gaps):
            yield Sequence(str(scored.subjects[part[0]]), scored.expected[part], said[part])


def _counted(sequences: List[Sequence], reduce: Reduce, segment_s: float, hop_s: float) -> Counted:
    rows: List[Tuple[float, ...]] = []
    for each in sequences:
        expected, said = reduce(each.expected), reduce(each.said)
        found = sequence_scores(expected, said, segment_s, hop_s)
        there, told = (int(np.count_nonzero(np.diff(classes))) for classes in (expected, said))
        hits = np.nan_to_num([found[FOUND] * there, found[TRUE] * told])
        rows.append((there, hits[0], told if there else 0, hits[1]))  # a clip without a boundary says nothing of ours
    columns = np.array(rows, float).reshape(-1, 4).T
    return Counted(np.array([each.subject for each in sequences], str), *columns)
