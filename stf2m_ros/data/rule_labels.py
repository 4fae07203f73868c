"""Labels without training: what the fuzzy rules say of component states, and why."""

import math
from dataclasses import dataclass
from typing import Mapping, Sequence, Tuple

import numpy as np

from stf2m_ros.emotions import INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.fuzzy.components import (
    COMPONENT_TABLE,
    MAX_SCORE,
    UNDETERMINED,
    linguistic_condition,
    states_from_action_units,
)
from stf2m_ros.fuzzy.inference import NOTHING_FIRED, infer, strongest_class
from stf2m_ros.fuzzy.membership import COMPONENT_RANGE, INTENSITY_RANGE, LEVEL_CENTRES, eccentricity, membership
from stf2m_ros.fuzzy.rule_table import RuleTable
from stf2m_ros.stream.checked_numbers import ABOVE_ZERO, require_between

NORMAL = "normal"


@dataclass(frozen=True)
class RuleLabelling:
    """How states are labelled: the rules and their ranges."""

    rules: RuleTable
    component_range: float = COMPONENT_RANGE
    intensity_range: float = INTENSITY_RANGE

    def __post_init__(self) -> None:
        require_between(self, ABOVE_ZERO, math.inf, "component_range", "intensity_range")


@dataclass(frozen=True, eq=False)
class RuleLabels:
    """What the rules say of N faces. Faces alike share one of the U judgements: kind says which."""

    kind: np.ndarray  # (N,) row of the judgements below
    states: np.ndarray  # (U, 12) NaN where undetermined
    class_index: np.ndarray  # (U,) NOTHING_FIRED where no rule says anything
    value: np.ndarray  # (U,) of that class
    memberships: np.ndarray  # (U, 19)
    rule: np.ndarray  # (U,) row of the rule table that gave the value, -1 for none
    firing: np.ndarray  # (U,) how well that rule matches
    extent: np.ndarray  # (U,) share of the fullest expression, by that rule

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def classes(self) -> np.ndarray:
        """(N,) class of each face."""
        return self.class_index[self.kind]


def label_states(states: np.ndarray, how: RuleLabelling) -> RuleLabels:
    """Label component states (N, 12), NaN where undetermined. Source: METHOD section 3, use (ii)."""
    return _judged(states, np.arange(len(states)), how)


def label_action_units(scores: np.ndarray, units: Sequence[int], how: RuleLabelling) -> RuleLabels:
    """Label scored action units: scores (N, len(units)) 0 to 5, NaN where not scored.

    People score whole numbers, so that many rows are alike: each kind is judged once. 43,000 frames of DISFA hold
    1,600 kinds.
    """
    first, kind = _kinds(scores)
    states = states_from_action_units(dict(zip(units, scores[first].T)))
    return _judged(states, kind, how)


def _kinds(scores: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Rows that stand for all, and which of them each row is like."""
    scale = int(MAX_SCORE) + 2  # the scores, and "not scored"
    digits = np.where(np.isnan(scores), scale - 1, scores).astype(np.int64)
    is_whole = np.isnan(scores) | (digits == scores)
    if scale ** scores.shape[1] > np.iinfo(np.int64).max or not is_whole.all():
        return np.arange(len(scores)), np.arange(len(scores))
    keys = digits @ scale ** np.arange(scores.shape[1], dtype=np.int64)
    _, first, kind = np.unique(keys, return_index=True, return_inverse=True)
    return first, kind.ravel()


def _judged(states: np.ndarray, kind: np.ndarray, how: RuleLabelling) -> RuleLabels:
    result = infer(states, how.rules, how.component_range, how.intensity_range)
    classes = strongest_class(result.memberships)
    rows = np.arange(len(states))
    per_rule = _values_by_rule(result.firing, result.extents, classes, how)
    spoke = (classes != NOTHING_FIRED) if per_rule.shape[1] else np.zeros(len(states), bool)
    rule = np.where(spoke, per_rule.argmax(axis=1), NOTHING_FIRED)
    return RuleLabels(
        kind=kind,
        states=states,
        class_index=classes,
        value=np.where(spoke, result.memberships[rows, classes], 0),
        memberships=result.memberships,
        rule=rule,
        firing=np.where(spoke, result.firing[rows, rule], 0),
        extent=np.where(spoke, result.extents[rows, rule], 0),
    )


def _values_by_rule(firing: np.ndarray, extents: np.ndarray, classes: np.ndarray, how: RuleLabelling) -> np.ndarray:
    """(S, J) what each rule gives to the class that won; the class's value is the largest. Source: METHOD section 3."""
    rules = how.rules
    emotion = np.where(classes == NEUTRAL_INDEX, rules.emotion.shape[1] - 1, classes // len(INTENSITIES))
    level = classes % len(INTENSITIES)
    graded = membership(eccentricity(extents), np.array(LEVEL_CENTRES)[level][:, None], how.intensity_range)
    of_level = rules.free[None] * graded + rules.level.T[level]
    worth = np.where((classes == NEUTRAL_INDEX)[:, None], 1.0, of_level)
    return firing * worth * rules.emotion.T[emotion]


def condition_texts(states: np.ndarray, component_range: float) -> Tuple[str, ...]:
    """The linguistic condition of each face (U, 12) in one line: what is not normal, and what could not be seen."""
    condition = linguistic_condition(states, component_range)
    return tuple(_told(dict(zip(condition, terms))) for terms in zip(*condition.values()))


def _told(terms: Mapping[str, str]) -> str:
    moved = [f"{name.replace('_', ' ')} {term}" for name, term in terms.items() if term not in (NORMAL, UNDETERMINED)]
    unseen = [name.replace("_", " ") for name, term in terms.items() if term == UNDETERMINED]
    parts = [", ".join(moved) if moved else "all normal"]
    if unseen and len(unseen) < len(COMPONENT_TABLE):
        parts.append(f"not known: {', '.join(unseen)}")
    return "; ".join(parts) if len(unseen) < len(COMPONENT_TABLE) else "nothing known"
