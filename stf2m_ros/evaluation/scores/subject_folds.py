"""Splits by subject, labels that are partly wrong, and differences with their spread: what few-data studies need."""

from typing import List, NamedTuple, Sequence

import numpy as np


class Fold(NamedTuple):
    """Indices of the clips to learn from and of those to be judged on; no subject is in both."""

    train: np.ndarray
    test: np.ndarray


def subject_folds(subjects: Sequence[str], folds: int, seed: int) -> List[Fold]:
    """Every clip is judged on once. Raises ValueError where there are fewer subjects than folds."""
    people = np.array(sorted(set(subjects)))
    if len(people) < folds:
        raise ValueError(f"expected at least {folds} subjects, found {len(people)}")
    np.random.default_rng(seed).shuffle(people)
    found = []
    for part in range(folds):
        judged = np.isin(np.asarray(subjects), people[part::folds])
        found.append(Fold(np.flatnonzero(~judged), np.flatnonzero(judged)))
    return found


class Labelled(NamedTuple):
    """Clips to learn from, with the labels they are given."""

    clips: np.ndarray
    labels: np.ndarray


def few_and_partly_wrong(
    train: np.ndarray, labels: np.ndarray, share: float, wrong_share: float, seed: int
) -> Labelled:
    """A share of the training clips, the given share of their labels forced to another class that occurs.

    labels: of all clips, by index. Source: the paper's Table V (20 % of the data, 30 % of the labels wrong).
    Raises ValueError where no other class occurs.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(train)[: max(1, round(share * len(train)))]
    given = np.array(labels)[chosen]
    classes = np.unique(labels)
    wrong = rng.permutation(len(chosen))[: round(wrong_share * len(chosen))]
    if len(wrong) and len(classes) < 2:
        raise ValueError("expected two classes, of which one can be given for the other, found one")
    for place in wrong:
        given[place] = rng.choice(classes[classes != given[place]])
    return Labelled(chosen, given)


class Interval(NamedTuple):
    """A mean and where it may well lie."""

    mean: float
    low: float
    high: float


def paired_difference(
    right: np.ndarray, other_right: np.ndarray, subjects: Sequence[str], draws: int = 2000, seed: int = 0
) -> Interval:
    """How much more often the first was right than the second, with a 95 % bootstrap interval over subjects.

    right, other_right: (clips,) share of the runs in which each clip was right.
    """
    people, owner = np.unique(np.asarray(subjects), return_inverse=True)
    gain = np.bincount(owner, right - other_right)
    count = np.bincount(owner)
    drawn = np.random.default_rng(seed).integers(len(people), size=(draws, len(people)))
    means = gain[drawn].sum(1) / count[drawn].sum(1)
    return Interval(float(gain.sum() / count.sum()), *(float(edge) for edge in np.quantile(means, [0.025, 0.975])))
