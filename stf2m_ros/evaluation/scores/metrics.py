"""Metrics of judged rows, by scikit-learn, each with its spread over draws of subjects."""

from dataclasses import dataclass
from typing import Callable, Dict, Tuple

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, INTENSITIES, NEUTRAL, NEUTRAL_INDEX
from stf2m_ros.evaluation.scores.scored import Scored
from stf2m_ros.evaluation.study import Cell, Missing, Score

SAID_NOTHING = -1


@dataclass(frozen=True)
class Task:
    """A question put to the rows. names: its classes, in order."""

    name: str
    names: Tuple[str, ...]
    with_neutral: bool
    with_levels: bool


SIX = Task("6-way", EMOTIONS, with_neutral=False, with_levels=False)
EIGHTEEN = Task("18-way", CLASS_NAMES[:NEUTRAL_INDEX], with_neutral=False, with_levels=True)
NINETEEN = Task("18 + neutral", CLASS_NAMES, with_neutral=True, with_levels=True)
SEVEN = Task("6 + neutral", (*EMOTIONS, NEUTRAL), with_neutral=True, with_levels=False)
TASKS = (SIX, EIGHTEEN, NINETEEN)


@dataclass(frozen=True)
class Answers:
    """Rows as one task puts them: (K,) expected and said, said being SAID_NOTHING where the model was silent."""

    expected: np.ndarray
    said: np.ndarray
    subjects: np.ndarray


def answers(scored: Scored, task: Task) -> Answers:
    """The rows that belong to the task. Without neutral: rows with an emotion, neutral not allowed as an answer.

    With levels: rows whose level is known. An emotion's probability is the sum over its levels. A silent row is wrong.
    """
    chosen = np.full(len(scored), True) if task.with_neutral else scored.expected != NEUTRAL_INDEX
    if task.with_levels:
        chosen = chosen & level_is_known(scored)
    said, expected = scored.probabilities[chosen], scored.expected[chosen]
    silent = ~said.any(1)
    if not task.with_levels:
        neutral = said[:, NEUTRAL_INDEX:]
        said = np.concatenate([said[:, :NEUTRAL_INDEX].reshape(-1, len(EMOTIONS), len(INTENSITIES)).sum(2), neutral], 1)
        expected = expected // len(INTENSITIES)
    best = said[:, : len(task.names)].argmax(1)
    return Answers(expected, np.where(silent, SAID_NOTHING, best), scored.subjects[chosen])


def level_is_known(scored: Scored) -> np.ndarray:
    """(K,) False where a label's emotion is shared equally among its levels: nobody said which."""
    if scored.shares is None:
        return np.full(len(scored), True)
    levels = scored.shares[:, :NEUTRAL_INDEX].reshape(len(scored), len(EMOTIONS), len(INTENSITIES))
    neutral = scored.expected == NEUTRAL_INDEX
    of_expected = levels[np.arange(len(scored)), np.where(neutral, 0, scored.expected // len(INTENSITIES))]
    return neutral | (np.ptp(of_expected, axis=1) > 1e-6)


Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
"""(expected, said, weight of each row) -> value."""


def accuracy(expected: np.ndarray, said: np.ndarray, weights: np.ndarray) -> float:
    """Share of the rows that are right."""
    return float(accuracy_score(expected, said, sample_weight=weights))


def macro_recall(expected: np.ndarray, said: np.ndarray, weights: np.ndarray) -> float:
    """Mean over the classes that occur of the share found of each."""
    present = np.unique(expected[weights > 0])
    options = {"labels": present, "average": "macro", "zero_division": 0.0}
    return float(recall_score(expected, said, sample_weight=weights, **options))


METRICS: Dict[str, Metric] = {"ACC": accuracy, "RECALL": macro_recall}


def with_spread(found: Answers, metric: Metric, rounds: int, seed: int) -> Cell:
    """The metric over `rounds` draws of the subjects with replacement: mean and standard deviation."""
    return over_subjects(found.subjects, lambda times: metric(found.expected, found.said, times), rounds, seed)


def over_subjects(subjects: np.ndarray, measure: Callable[[np.ndarray], float], rounds: int, seed: int) -> Cell:
    """What measure gives for (K,) how often each row's subject was drawn, over `rounds` draws with replacement.

    NaN of a draw says that it holds nothing to measure; it does not count.
    """
    people, owner = np.unique(subjects, return_inverse=True)
    if len(people) < 2:
        return Missing(f"{len(people)} subject in these rows: a number needs at least 2 for its spread")
    rng = np.random.default_rng(seed)
    drawn = [np.bincount(rng.integers(len(people), size=len(people)), minlength=len(people)) for _ in range(rounds)]
    found = [measure(times[owner].astype(float)) for times in drawn]
    known = [value for value in found if not np.isnan(value)]
    return Score.of_rounds(known) if len(known) > 1 else Missing("fewer than two draws of the subjects hold such a row")


def task_scores(scored: Scored, task: Task, rounds: int, seed: int) -> Dict[str, Cell]:
    """ACC and RECALL of one task; Missing where the rows cannot be asked it."""
    reason = not_askable(scored, task)
    if reason:
        return {name: Missing(reason) for name in METRICS}
    found = answers(scored, task)
    return {name: with_spread(found, metric, rounds, seed) for name, metric in METRICS.items()}


def not_askable(scored: Scored, task: Task) -> str:
    """Why these rows cannot be asked the task; empty where they can."""
    emotional = scored.expected != NEUTRAL_INDEX
    if not emotional.any():
        return "no row with an emotion"
    if task.with_levels:
        emotional = emotional & level_is_known(scored)
    if task.with_levels and len(np.unique(scored.expected[emotional] % len(INTENSITIES))) < 2:
        return "the labels have no levels"
    if task.with_neutral and (scored.expected != NEUTRAL_INDEX).all():
        return "no row is neutral"
    return ""


def confusion(scored: Scored, task: Task) -> np.ndarray:
    """(C, C) rows counted, expected by said; what was left unsaid is not in it."""
    found = answers(scored, task)
    heard = found.said != SAID_NOTHING
    if not heard.any():
        return np.zeros((len(task.names), len(task.names)), int)
    return confusion_matrix(found.expected[heard], found.said[heard], labels=np.arange(len(task.names)))


def recall_of_classes(scored: Scored, task: Task, rounds: int, seed: int) -> Dict[str, Cell]:
    """The share found of each class, by name."""
    found = answers(scored, task)
    cells: Dict[str, Cell] = {}
    for index, name in enumerate(task.names):
        of_class = found.expected == index
        part = Answers(found.expected[of_class], found.said[of_class], found.subjects[of_class])
        cells[name] = with_spread(part, accuracy, rounds, seed) if of_class.any() else Missing("no such row")
    return cells
