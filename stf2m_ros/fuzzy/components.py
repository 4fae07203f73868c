"""FCIS: the twelve facial components, their linguistic terms, and how action units set their states."""

from dataclasses import dataclass
from typing import Dict, Mapping, Tuple

import numpy as np

from stf2m_ros.fuzzy.membership import membership

MAX_SCORE = 5.0
"""Action units are scored 0 to 5 (FACS: absent, then A to E)."""

UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Component:
    """One facial component: its terms with their values, and the action units that push it up and down.

    An action unit comes with a factor; of several the strongest counts.  Left and right are the person's own.
    """

    name: str
    terms: Mapping[str, float]
    up: Mapping[int, float]
    down: Mapping[int, float]

    @property
    def range(self) -> Tuple[float, float]:
        """Smallest and largest value that a term has."""
        return min(self.terms.values()), max(self.terms.values())


_EYEBROW = ({"low": -1.0, "normal": 0.0, "raised": 1.0}, {1: 1.0, 2: 1.0}, {4: 1.0})
_EYE = ({"narrow": -1.0, "normal": 0.0, "wide": 1.0}, {5: 1.0}, {6: 1.0, 7: 1.0})
_CORNER = ({"low": -1.0, "normal": 0.0, "raised": 1.0}, {12: 1.0}, {15: 1.0})
_LIP_TERMS = {"thin": -1.0, "normal": 0.0, "thick": 1.0}

COMPONENT_TABLE: Tuple[Component, ...] = (
    Component("left_eyebrow", *_EYEBROW),
    Component("right_eyebrow", *_EYEBROW),
    Component("brow_crest", {"normal": 0.0, "frowning": 1.0}, {4: 1.0}, {}),
    Component("left_eye", *_EYE),
    Component("right_eye", *_EYE),
    Component("nose", {"normal": 0.0, "wrinkled": 1.0}, {9: 1.0}, {}),
    Component("nostril", {"normal": 0.0, "dilated": 1.0}, {38: 1.0}, {}),
    Component("mouth", {"normal": 0.0, "open": 1.0}, {25: 0.5, 26: 1.0, 27: 1.0}, {}),
    Component("upper_lip", _LIP_TERMS, {10: 1.0}, {20: 1.0, 23: 1.0, 24: 1.0}),
    Component("lower_lip", _LIP_TERMS, {16: 1.0, 17: 1.0, 22: 1.0}, {20: 1.0, 23: 1.0, 24: 1.0, 28: 1.0}),
    Component("left_mouth_corner", *_CORNER),
    Component("right_mouth_corner", *_CORNER),
)
"""METHOD section 2: components and terms are the paper's (Table I), the action units are ours."""

COMPONENTS: Tuple[str, ...] = tuple(component.name for component in COMPONENT_TABLE)
NUM_COMPONENTS = len(COMPONENTS)
LOWEST = np.array([component.range[0] for component in COMPONENT_TABLE], np.float32)
HIGHEST = np.array([component.range[1] for component in COMPONENT_TABLE], np.float32)


def component_index(name: str) -> int:
    """Place of a component in a row of states."""
    return COMPONENTS.index(name)


def states_from_action_units(scores: Mapping[int, np.ndarray]) -> np.ndarray:
    """Component states from scored action units.

    scores: action unit number -> (S,) scores 0 to 5, NaN where not scored; units the table does not use are ignored.
    Returns (S, 12) float32, NaN where none of a component's action units was scored (never 0).
    Raises ValueError for a score outside 0 to 5, lengths that differ, or no scores at all.
    Source: METHOD section 2.
    """
    columns = {unit: _checked_scores(unit, values) for unit, values in scores.items()}
    lengths = {unit: len(values) for unit, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"action units: expected one number of rows for all, found {lengths or 'no action unit'}")
    rows = next(iter(lengths.values()))
    return np.stack([_state(component, columns, rows) for component in COMPONENT_TABLE], axis=1)


def _checked_scores(unit: int, values: np.ndarray) -> np.ndarray:
    scores = np.asarray(values, np.float32)
    if scores.ndim != 1:
        raise ValueError(f"AU{unit}: expected scores of shape (S,), found {scores.shape}")
    if scores.size and (np.fmin.reduce(scores) < 0 or np.fmax.reduce(scores) > MAX_SCORE):
        raise ValueError(
            f"AU{unit}: expected scores 0 to {MAX_SCORE:g} or NaN, "
            f"found {np.fmin.reduce(scores):g} to {np.fmax.reduce(scores):g}"
        )
    return scores


def _state(component: Component, columns: Mapping[int, np.ndarray], rows: int) -> np.ndarray:
    up, down = (_strongest(units, columns, rows) for units in (component.up, component.down))
    determined = ~(np.isnan(up) & np.isnan(down))
    state = np.clip(np.nan_to_num(up) - np.nan_to_num(down), *component.range)
    return np.where(determined, state, np.float32(np.nan))


def _strongest(units: Mapping[int, float], columns: Mapping[int, np.ndarray], rows: int) -> np.ndarray:
    strongest = np.full(rows, np.nan, np.float32)
    for unit, factor in units.items():
        if unit in columns:
            strongest = np.fmax(strongest, columns[unit] * np.float32(factor / MAX_SCORE))
    return strongest


def term_memberships(states: np.ndarray, component: str, component_range: float) -> Dict[str, np.ndarray]:
    """How far one component's states (S,) belong to each of its terms; NaN where undetermined."""
    terms = COMPONENT_TABLE[component_index(component)].terms
    return {term: membership(states, value, component_range) for term, value in terms.items()}


def linguistic_condition(states: np.ndarray, component_range: float) -> Dict[str, Tuple[str, ...]]:
    """The strongest term of each component over time, such as {"mouth": ("normal", "open", "open"), ...}.

    states: (S, 12), NaN where undetermined (told as "undetermined").  Source: METHOD section 3, step 1.
    """
    return {name: _strongest_terms(states[:, column], name, component_range) for column, name in enumerate(COMPONENTS)}


def _strongest_terms(states: np.ndarray, component: str, component_range: float) -> Tuple[str, ...]:
    by_term = term_memberships(states, component, component_range)
    names = tuple(by_term)
    strongest = np.argmax(np.nan_to_num(np.stack(tuple(by_term.values()))), axis=0)
    return tuple(UNDETERMINED if np.isnan(state) else names[best] for state, best in zip(states, strongest))
