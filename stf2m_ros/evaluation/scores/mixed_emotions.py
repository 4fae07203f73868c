"""Scores for sets that name several emotions at once: the memberships beside the softmax are for those."""

from typing import Dict

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, label_ranking_average_precision_score

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.evaluation.scores.metrics import over_subjects
from stf2m_ros.evaluation.scores.scored import Scored, shares_of
from stf2m_ros.evaluation.study import Cell, Missing

PRESENT = 1 / 6
"""[ours] An emotion counts as named, or said, from this share on: half of a low expression alone."""
COLUMNS = ("ranking precision", "mean average precision", "F1, micro")


def emotions_named(scored: Scored) -> np.ndarray:
    """(K, 6) bool."""
    return by_emotion(shares_of(scored)) >= PRESENT


def by_emotion(values: np.ndarray) -> np.ndarray:
    """(K, 18 or 19) -> (K, 6) sums over the levels."""
    return values[:, :NEUTRAL_INDEX].reshape(len(values), len(EMOTIONS), len(INTENSITIES)).sum(2)


def mixed_scores(scored: Scored, values: np.ndarray, rounds: int, seed: int) -> Dict[str, Cell]:
    """values: (K, 18 or 19) probabilities or memberships. Missing where no row names two emotions."""
    named = emotions_named(scored)
    if not (named.sum(1) > 1).any():
        return {name: Missing("no row names several emotions at once") for name in COLUMNS}
    chosen = named.any(1)
    expected, said, subjects = named[chosen], by_emotion(values)[chosen], scored.subjects[chosen]

    def mean_average_precision(times: np.ndarray) -> float:
        occurs = expected[times > 0].any(0)  # in this draw: of others no precision can be told
        return float(average_precision_score(expected[:, occurs], said[:, occurs], sample_weight=times))

    measures = {
        "ranking precision": lambda times: label_ranking_average_precision_score(expected, said, sample_weight=times),
        "mean average precision": mean_average_precision,
        "F1, micro": lambda times: f1_score(
            expected, said >= PRESENT, sample_weight=times, average="micro", zero_division=0.0
        ),
    }
    return {name: over_subjects(subjects, measure, rounds, seed) for name, measure in measures.items()}
