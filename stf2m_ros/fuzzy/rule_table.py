"""Rules, and the arrays that inference takes."""

from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL
from stf2m_ros.fuzzy.components import COMPONENTS, NUM_COMPONENTS

MAX_RULES = 64
"""Rows that the exported window head has room for, mirrored rules included."""

EMOTIONS_AND_NEUTRAL: Tuple[str, ...] = EMOTIONS + (NEUTRAL,)

_OTHER_SIDE = {"left": "right", "right": "left"}


class RuleBaseError(ValueError):
    """A rule base cannot be used. One line: file and line, rule, what was expected, what was found."""


def _mirrored_name(component: str) -> str:
    side, _, part = component.partition("_")
    return f"{_OTHER_SIDE[side]}_{part}" if side in _OTHER_SIDE else component


MIRROR: Tuple[int, ...] = tuple(COMPONENTS.index(_mirrored_name(name)) for name in COMPONENTS)
"""Where each component lies once left and right have changed places."""


@dataclass(frozen=True)
class Rule:
    """One emotion rule. values and weights: 12 each; a component of weight 0 does not matter to the rule.

    free: the values are the fullest expression and lesser levels are fractions of it; else they are this very level.
    """

    name: str
    emotion: str  # one of the six, or neutral
    level: Optional[str]  # of a fixed rule; None for a free one and for neutral
    free: bool
    values: Tuple[float, ...]
    weights: Tuple[float, ...]

    def mirrored(self) -> "Rule":
        """The same rule with left and right exchanged."""
        values, weights = (tuple(row[place] for place in MIRROR) for row in (self.values, self.weights))
        return Rule(f"{self.name}, mirrored", self.emotion, self.level, self.free, values, weights)

    def with_mirror(self) -> Tuple["Rule", ...]:
        """The rule, and its mirror where that is another rule."""
        mirror = self.mirrored()
        same = (mirror.values, mirror.weights) == (self.values, self.weights)
        return (self,) if same else (self, mirror)


@dataclass(frozen=True, eq=False)
class RuleTable:
    """A rule base as float32 arrays, named like the inputs of the window head; J rows.

    Rows beyond len(names) are padding: all zero, and they never fire.
    """

    codes: np.ndarray  # (J, 12)
    weights: np.ndarray  # (J, 12)
    free: np.ndarray  # (J,)
    emotion: np.ndarray  # (J, 7) one-hot over the six emotions and neutral
    level: np.ndarray  # (J, 3) one-hot level of a fixed rule, zero for free rules and neutral
    names: Tuple[str, ...]

    def __post_init__(self) -> None:
        rows = len(self.free)
        shapes = {
            "codes": (rows, NUM_COMPONENTS),
            "weights": (rows, NUM_COMPONENTS),
            "emotion": (rows, 7),
            "level": (rows, 3),
        }
        for name, expected in shapes.items():
            found = getattr(self, name).shape
            if found != expected:
                raise ValueError(f"rule table: expected {name} of shape {expected}, found {found}")


@dataclass(frozen=True)
class RuleBase:
    """The rules of one file, without their mirrors."""

    name: str
    source: str  # the file, for messages
    rules: Tuple[Rule, ...]

    def expanded(self) -> Tuple[Rule, ...]:
        """Every rule followed by its mirror, where that is another rule."""
        return tuple(row for rule in self.rules for row in rule.with_mirror())

    def table(self, max_rules: Optional[int] = MAX_RULES) -> RuleTable:
        """The rules as arrays, padded to `max_rules` rows; None: as many rows as rules (faster over many states).

        Raises RuleBaseError where the rules and their mirrors are more than `max_rules`.
        """
        rules = self.expanded()
        rows = len(rules) if max_rules is None else max_rules
        if len(rules) > rows:
            raise RuleBaseError(
                f"{self.source}: expected at most {rows} rules, "
                f"found {len(rules)} ({len(self.rules)} and {len(rules) - len(self.rules)} mirrored ones)"
            )
        arrays = _padded(_columns(rules), rows)
        return RuleTable(names=tuple(rule.name for rule in rules), **arrays)


def _columns(rules: Tuple[Rule, ...]) -> Dict[str, List]:
    return {
        "codes": [rule.values for rule in rules],
        "weights": [rule.weights for rule in rules],
        "free": [float(rule.free) for rule in rules],
        "emotion": [[float(rule.emotion == emotion) for emotion in EMOTIONS_AND_NEUTRAL] for rule in rules],
        "level": [[float(rule.level == level) for level in INTENSITIES] for rule in rules],
    }


def _padded(columns: Dict[str, List], rows: int) -> Dict[str, np.ndarray]:
    arrays = {name: np.array(column, np.float32) for name, column in columns.items()}
    return {
        name: np.concatenate([array, np.zeros((rows - len(array), *array.shape[1:]), np.float32)])
        for name, array in arrays.items()
    }
