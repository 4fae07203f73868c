"""How one person expresses: a random weighting of action units around published prototypes, never the fuzzy rules.

Source of the prototypes: EMFACS as published (METHOD section 3). Every number of the weighting is ours.
"""

from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np

from stf2m_ros.data.generated_faces.action_units import NUM_ACTION_UNITS, unit_row
from stf2m_ros.emotions import EMOTIONS

Option = Dict[int, Tuple[float, float, float]]
"""{action unit: (probability, least strength, greatest strength)}"""

PROTOTYPES: Dict[str, Tuple[Option, ...]] = {
    "happiness": (
        {
            6: (1, 0.6, 1),
            12: (1, 0.75, 1),
            25: (1, 0.75, 1),
            26: (0.1, 0.1, 0.45),
            7: (0.12, 0.2, 0.6),
            10: (0.05, 0.1, 0.4),
            2: (0.04, 0.1, 0.4),
            14: (0.04, 0.2, 0.6),
        },
        {12: (1, 0.75, 1), 6: (0.7, 0.3, 0.7), 14: (0.1, 0.2, 0.7), 1: (0.06, 0.1, 0.4), 2: (0.06, 0.1, 0.4)},
    ),
    "anger": (
        {
            4: (1, 0.75, 1),
            7: (1, 0.6, 1),
            23: (0.98, 0.6, 1),
            24: (0.84, 0.45, 1),
            17: (0.77, 0.45, 0.9),
            5: (0.12, 0.2, 0.7),
            9: (0.06, 0.1, 0.4),
            15: (0.06, 0.1, 0.5),
            38: (0.12, 0.3, 1),
            14: (0.06, 0.2, 0.6),
        },
        {
            4: (1, 0.75, 1),
            5: (0.84, 0.6, 1),
            7: (0.84, 0.45, 1),
            10: (0.7, 0.45, 0.7),
            25: (1, 0.75, 1),
            16: (0.7, 0.45, 0.8),
            26: (0.14, 0.2, 0.6),
            22: (0.12, 0.3, 0.8),
            38: (0.16, 0.3, 1),
            23: (0.16, 0.2, 0.6),
        },
    ),
    "sadness": (
        {
            1: (1, 0.75, 1),
            4: (1, 0.45, 0.9),
            15: (1, 0.75, 1),
            17: (0.91, 0.45, 1),
            24: (0.06, 0.2, 0.5),
            6: (0.05, 0.2, 0.5),
            7: (0.08, 0.2, 0.6),
            43: (0.06, 0.2, 0.5),
            14: (0.04, 0.2, 0.5),
        },
        {
            1: (1, 0.75, 1),
            4: (0.98, 0.45, 0.9),
            15: (1, 0.6, 1),
            25: (0.84, 0.3, 0.6),
            43: (0.12, 0.2, 0.6),
            20: (0.06, 0.2, 0.5),
            17: (0.12, 0.2, 0.6),
        },
    ),
    "disgust": (
        {
            9: (1, 0.75, 1),
            4: (0.84, 0.45, 0.8),
            7: (0.84, 0.45, 0.9),
            10: (0.16, 0.2, 0.7),
            17: (0.7, 0.45, 0.9),
            15: (0.12, 0.2, 0.6),
            6: (0.14, 0.2, 0.7),
            24: (0.05, 0.1, 0.4),
        },
        {
            10: (1, 0.75, 1),
            9: (0.84, 0.6, 1),
            25: (1, 0.6, 0.9),
            16: (0.7, 0.3, 0.8),
            4: (0.16, 0.2, 0.7),
            7: (0.7, 0.45, 0.8),
            26: (0.1, 0.1, 0.4),
            6: (0.12, 0.2, 0.7),
        },
    ),
    "fear": (
        {
            1: (1, 0.75, 1),
            2: (1, 0.45, 0.9),
            4: (1, 0.6, 0.9),
            5: (1, 0.45, 1),
            20: (1, 0.75, 1),
            25: (1, 0.75, 1),
            26: (0.18, 0.1, 0.5),
            16: (0.77, 0.45, 0.9),
            7: (0.08, 0.2, 0.5),
            10: (0.06, 0.1, 0.4),
        },
        {
            1: (1, 0.75, 1),
            4: (0.98, 0.6, 0.9),
            5: (0.84, 0.45, 1),
            20: (0.98, 0.6, 1),
            25: (1, 0.6, 1),
            12: (0.08, 0.1, 0.35),
            2: (0.16, 0.2, 0.6),
            26: (0.12, 0.1, 0.5),
            38: (0.08, 0.3, 1),
        },
    ),
    "surprise": (
        {
            1: (1, 0.75, 1),
            2: (1, 0.75, 1),
            5: (1, 0.45, 1),
            25: (1, 0.75, 1),
            27: (1, 0.75, 1),
            26: (0.7, 0.3, 0.6),
        },
        {
            1: (1, 0.75, 1),
            2: (1, 0.75, 1),
            5: (1, 0.45, 1),
            25: (1, 0.6, 1),
            26: (1, 0.75, 1),
            22: (0.06, 0.2, 0.5),
        },
    ),
}

RESTING: Option = {
    1: (0.18, 0.0, 0.32),
    2: (0.18, 0.0, 0.32),
    4: (0.24, 0.0, 0.4),
    5: (0.12, 0.0, 0.32),
    7: (0.18, 0.0, 0.32),
    12: (0.18, 0.0, 0.28),
    14: (0.09, 0.0, 0.32),
    15: (0.24, 0.0, 0.36),
    17: (0.12, 0.0, 0.28),
    24: (0.12, 0.0, 0.32),
    25: (0.15, 0.0, 0.24),
    43: (0.12, 0.0, 0.2),
}
"""What a neutral face may show already: one frame cannot tell it from a slight emotion. Numbers are ours."""

LEAST_SUM = 1.8
"""Strengths of a fullest expression add up to at least this much, before the person's own ceiling."""


@dataclass(frozen=True)
class Style:
    """One person's way of expressing. Unit arrays: (U, 2) in [0, 1], viewer's left and right.

    fullest: (6, U, 2) this person's fullest expression of each emotion, measured from the person's own neutral face.
    resting: (U, 2) units that this person's neutral face shows already.
    """

    fullest: np.ndarray
    resting: np.ndarray
    onset_s: np.ndarray  # (6,) how long a rise takes
    offset_s: np.ndarray  # (6,)
    blinks_per_s: float
    restlessness: float


def draw_style(rng: np.random.Generator) -> Style:
    """A random person's style."""
    ceiling = rng.uniform(0.85, 1.05)
    fullest = np.stack([_draw_fullest(PROTOTYPES[emotion], ceiling, rng) for emotion in EMOTIONS])
    return Style(
        fullest=fullest,
        resting=_draw_resting(rng),
        onset_s=rng.uniform(0.2, 0.6, len(EMOTIONS)),
        offset_s=rng.uniform(0.25, 0.8, len(EMOTIONS)),
        blinks_per_s=rng.uniform(0.08, 0.45),
        restlessness=rng.uniform(0.3, 1.5),
    )


def _draw_fullest(options: Tuple[Option, ...], ceiling: float, rng: np.random.Generator) -> np.ndarray:
    units = np.zeros((NUM_ACTION_UNITS, 2), np.float32)
    # The levels are thirds of this face, so even a reserved person's fullest face has to be seen.
    while units.sum() < 2 * LEAST_SUM:
        units = _draw_units(options[int(rng.integers(len(options)))], rng)
    stray = rng.integers(NUM_ACTION_UNITS)  # everybody does something that no manual names
    units[stray] = np.maximum(units[stray], rng.uniform(0, 0.35) * (rng.random() < 0.5) * (stray != unit_row(43)))
    sides = 1 + rng.normal(0, 0.13, 2) + rng.normal(0, 0.06, (NUM_ACTION_UNITS, 2))
    return np.clip(units * sides * ceiling * rng.uniform(0.9, 1.1), 0, 1).astype(np.float32)


def _draw_units(option: Option, rng: np.random.Generator) -> np.ndarray:
    units = np.zeros((NUM_ACTION_UNITS, 2), np.float32)
    for unit, (probability, least, greatest) in option.items():
        if rng.random() < probability:
            units[unit_row(unit)] = rng.uniform(least, greatest)
    return units


def _draw_resting(rng: np.random.Generator) -> np.ndarray:
    units = np.zeros((NUM_ACTION_UNITS, 2), np.float32)
    for unit, (probability, least, greatest) in RESTING.items():
        if rng.random() < probability:
            units[unit_row(unit)] = rng.uniform(least, greatest) * (1 + rng.normal(0, 0.1, 2))
    return np.clip(units, 0, 1)
