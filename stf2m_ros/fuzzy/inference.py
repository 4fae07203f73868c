"""FKIS: from component states to the values of the emotion classes.

A short sequence of plain array operations without branches on data, so that the network's layer can be the same.
"""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NUM_CLASSES
from stf2m_ros.fuzzy.components import NUM_COMPONENTS
from stf2m_ros.fuzzy.membership import (
    COMPONENT_RANGE,
    HALF_WIDTH,
    INTENSITY_RANGE,
    LEVEL_CENTRES,
    eccentricity,
    membership,
)
from stf2m_ros.fuzzy.rule_table import RuleTable

EMPTY = 1e-6
"""Added to divisors that may be zero."""

LOWEST_LOG_FIRING = -12.0
"""Where the network clips its log-firing: far from every rule the gradient of firing alone vanishes."""

LEAST_VALUE = 0.05
"""A class value at or below this says nothing: a neutral face gives every free rule's low class this much."""

NOTHING_FIRED = -1

CHUNK_ROWS = 4096
"""Rows worked on at once: the intermediate arrays stay in the processor's cache, and memory stays bounded."""


@dataclass(frozen=True, eq=False)
class FuzzyResult:
    """What the rules say of S states, float32. Zeros where nothing fired."""

    memberships: np.ndarray  # (S, 19) value of each class, neutral last
    firing: np.ndarray  # (S, J) how well each rule matches, at the extent that suits it best
    extents: np.ndarray  # (S, J) share of the fullest expression; 1 for fixed rules
    semantics: np.ndarray  # (S, 12) fuzzy semantics: the rules' codes, weighted with their strengths

    @property
    def strengths(self) -> np.ndarray:
        """(S, J) firing times extent: what a rule contributes. Tell people this: on a neutral face every free rule
        matches, at extent 0, and contributes nothing."""
        return self.firing * self.extents


def infer(
    states: np.ndarray,
    table: RuleTable,
    component_range: float = COMPONENT_RANGE,
    intensity_range: float = INTENSITY_RANGE,
) -> FuzzyResult:
    """Class values, firing strengths, extents and fuzzy semantics of component states.

    states: (S, 12), NaN where undetermined.  Ranges: the membership ranges r_c, r_k.
    Source: METHOD section 3. Ours: a class takes the best *value* over its emotion's rules rather than the value of
    the best-firing rule, because a rule fires fully at extent 0 on a face it has no opinion of, and would hide another.
    """
    if states.ndim != 2 or states.shape[1] != NUM_COMPONENTS:
        raise ValueError(f"states: expected shape (S, {NUM_COMPONENTS}), found {states.shape}")
    rows, rules = len(states), len(table.free)
    widths = (NUM_CLASSES, rules, rules, NUM_COMPONENTS)
    result = FuzzyResult(*(np.empty((rows, width), np.float32) for width in widths))
    for start in range(0, rows, CHUNK_ROWS):
        chunk = slice(start, start + CHUNK_ROWS)
        firing, extents = _fire(states[chunk].astype(np.float32), table, component_range)
        result.firing[chunk], result.extents[chunk] = firing.T, extents.T
        result.memberships[chunk] = _class_values(firing, extents, table, intensity_range).T
        result.semantics[chunk] = (firing * extents).T @ table.codes
    return result


def _fire(states: np.ndarray, table: RuleTable, component_range: float) -> Tuple[np.ndarray, np.ndarray]:
    """Firing strengths and extents, (J, S) each: one row per rule, so that rules are combined row by row."""
    determined = ~np.isnan(states)
    state = np.where(determined, states, np.float32(0.0)).T  # (12, S)
    mask = determined.astype(np.float32).T
    weighted_codes = table.codes * table.weights
    along = weighted_codes @ state  # <x, c>_w
    code_energy = (weighted_codes * table.codes) @ mask  # <c, c>_w over what is determined
    weight_seen = table.weights @ mask
    weight_all = table.weights.sum(axis=1, keepdims=True)
    free = table.free[:, None]

    extents = free * np.clip(along / (code_energy + EMPTY), 0.0, 1.0) + (1.0 - free)
    # (x - t c)^2 multiplied out, so that three matrix products do it; rounding may leave it just below 0.
    residual = table.weights @ np.square(state) - 2.0 * extents * along + np.square(extents) * code_energy
    squared_distance = np.maximum(residual, 0.0) / (weight_seen + EMPTY)
    fires = table.emotion.sum(axis=1, keepdims=True) * (weight_seen >= 0.5 * weight_all - EMPTY)
    # Squared distance on purpose: the gradient of its root is NaN for a face that matches a rule exactly.
    firing = fires * np.exp(np.float32(-0.5 * (HALF_WIDTH / component_range) ** 2) * squared_distance)
    return firing, extents * table.emotion.sum(axis=1, keepdims=True)


def _class_values(firing: np.ndarray, extents: np.ndarray, table: RuleTable, intensity_range: float) -> np.ndarray:
    """Values of the 19 classes, (19, S): for each class the best of its emotion's rules."""
    values = np.zeros((NUM_CLASSES, firing.shape[1]), np.float32)
    off_centre = eccentricity(extents)
    for level, centre in enumerate(LEVEL_CENTRES):
        graded = membership(off_centre, np.float32(centre), intensity_range)
        per_rule = firing * (table.free[:, None] * graded + table.level[:, level, None])
        for emotion in range(len(EMOTIONS)):
            values[len(INTENSITIES) * emotion + level] = _best(per_rule, table.emotion[:, emotion])
    values[-1] = _best(firing, table.emotion[:, -1])
    return values


def _best(per_rule: np.ndarray, belongs: np.ndarray) -> np.ndarray:
    """The largest over the rules that belong; 0 where none does."""
    return per_rule[belongs > 0].max(axis=0, initial=0.0)


def strongest_class(memberships: np.ndarray) -> np.ndarray:
    """(S, 19) class values -> (S,) index of the strongest class, NOTHING_FIRED where none exceeds LEAST_VALUE."""
    return np.where(memberships.max(axis=1) > LEAST_VALUE, memberships.argmax(axis=1), NOTHING_FIRED)
