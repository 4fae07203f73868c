"""Whether a model is as often right as it believes: the calibration error and the reliability curve."""

from typing import Dict, NamedTuple

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.evaluation.scores.metrics import over_subjects
from stf2m_ros.evaluation.scores.scored import Scored
from stf2m_ros.evaluation.study import Cell

BINS = 10


class Reliability(NamedTuple):
    """Confidence and share of right answers in each bin that holds a row."""

    confidence: np.ndarray
    right: np.ndarray


def reliability(scored: Scored) -> Reliability:
    """Of the rows of which the model said anything, over all 19 classes."""
    confidence, right = _confident(scored)
    shares, means = calibration_curve(right, confidence, n_bins=BINS)
    return Reliability(means, shares)


def calibration_scores(scored: Scored, rounds: int, seed: int) -> Dict[str, Cell]:
    """Expected calibration error (10 bins of equal width) and Brier score, over draws of subjects."""
    heard = scored.rows(scored.probabilities.any(1))

    def drawn(times: np.ndarray) -> Scored:
        return heard.rows(np.repeat(np.arange(len(heard)), times.astype(int)))

    return {
        "calibration error": over_subjects(heard.subjects, lambda times: _error(drawn(times)), rounds, seed),
        "Brier score": over_subjects(heard.subjects, lambda times: _brier(drawn(times)), rounds, seed),
    }


def _confident(scored: Scored) -> tuple:
    heard = scored.probabilities.any(1)
    said = scored.probabilities[heard]
    return np.clip(said.max(1), 0, 1), (said.argmax(1) == scored.expected[heard]).astype(int)


def _error(scored: Scored) -> float:
    confidence, right = _confident(scored)
    shares, means = calibration_curve(right, confidence, n_bins=BINS)
    # The edges as calibration_curve has them: a confidence on an edge counts to the bin below it.
    counts = np.bincount(np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence), minlength=BINS)
    return float(np.average(np.abs(shares - means), weights=counts[counts > 0]))


def _brier(scored: Scored) -> float:
    probabilities = scored.probabilities / scored.probabilities.sum(1, keepdims=True)
    labels = list(range(NUM_CLASSES))
    return float(brier_score_loss(scored.expected, probabilities, labels=labels, scale_by_half=True))
