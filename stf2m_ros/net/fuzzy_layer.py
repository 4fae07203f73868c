"""FCIS and FKIS as differentiable operations: the numpy core of stf2m_ros.fuzzy, rule for rule.

Source: METHOD section 3. In the network every component is determined; what was not seen is masked by the caller.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.fuzzy.inference import EMPTY, LOWEST_LOG_FIRING
from stf2m_ros.fuzzy.membership import HALF_WIDTH, LEVEL_CENTRES, eccentricity
from stf2m_ros.fuzzy.rule_table import RuleTable

FUZZY_FEATURES = 12 + 2 * NUM_CLASSES
"""What the fuzzy channel adds to a segment: the semantics, the class values and their clipped logarithms."""

_NEVER = 1e4  # its negative is the logarithm of a value that is exactly 0 in float32
_SHARING = 0.1  # how far below the best rule, in log units, another one still shares in the gradient


class RuleTensors(NamedTuple):
    """A rule table as tensors, in the order in which the exported window head takes them."""

    codes: Tensor  # (J, 12)
    weights: Tensor  # (J, 12)
    free: Tensor  # (J,)
    emotion: Tensor  # (J, 7)
    level: Tensor  # (J, 3)

    @classmethod
    def from_table(cls, table: RuleTable) -> "RuleTensors":
        return cls(*(torch.from_numpy(getattr(table, name).copy()) for name in cls._fields))


@dataclass(frozen=True)
class FuzzySignals:
    """What the rules say of each state; leading axes as the states'."""

    log_memberships: Tensor  # (..., 19) logarithm of each class's value, neutral last
    strengths: Tensor  # (..., J) firing times extent: what each rule contributes
    semantics: Tensor  # (..., 12)

    @property
    def memberships(self) -> Tensor:
        return torch.exp(self.log_memberships)


def fuzzy_signals(states: Tensor, rules: RuleTensors, ranges: Tensor, smooth: bool = False) -> FuzzySignals:
    """states: (..., 12) in [-1, 1]; ranges: (2,) membership ranges of components and of intensities.

    smooth: an emotion's rules share the gradient, instead of the best one having it all (training).
    """
    codes, weights, free, emotion, level = rules
    weighted = codes * weights
    along = torch.matmul(states, weighted.T)  # (..., J)
    energy = (weighted * codes).sum(-1)
    extent = free * (along / (energy + EMPTY)).clamp(0.0, 1.0) + (1.0 - free)
    # Squared distance on purpose: the gradient of its root is NaN for a face that matches a rule exactly.
    residual = torch.matmul(states * states, weights.T) - 2.0 * extent * along + extent * extent * energy
    squared_distance = residual.clamp(min=0.0) / (weights.sum(-1) + EMPTY)
    log_firing = -0.5 * (HALF_WIDTH / ranges[0]) ** 2 * squared_distance
    strengths = torch.exp(log_firing) * emotion.sum(-1) * extent

    # The rules stay the last axis: the largest tensors here are then read in one go, by training and robot alike.
    centres = torch.tensor(LEVEL_CENTRES, dtype=states.dtype, device=states.device)
    off_centre = (eccentricity(extent).unsqueeze(-2) - centres[:, None]) * HALF_WIDTH / ranges[1]  # (..., 3, J)
    log_level = -0.5 * free * off_centre * off_centre - _NEVER * (1.0 - level.T) * (1.0 - free)
    not_theirs = -_NEVER * (1.0 - emotion.T)  # (7, J) what takes an emotion's choice from the other emotions' rules
    graded = (log_firing.unsqueeze(-2) + log_level).unsqueeze(-3) + not_theirs[:-1, None]  # (..., 6, 3, J)
    neutral = log_firing.unsqueeze(-2) + not_theirs[-1:]  # (..., 1, J)
    log_memberships = torch.cat([_best(graded, smooth).flatten(-2), _best(neutral, smooth)], dim=-1)
    return FuzzySignals(log_memberships, strengths, torch.matmul(strengths, codes))


def fuzzy_features(signals: FuzzySignals) -> Tensor:
    """(..., FUZZY_FEATURES) for the recurrent head. Source: METHOD section 3, step 4."""
    clipped = signals.log_memberships.clamp(min=LOWEST_LOG_FIRING) / -LOWEST_LOG_FIRING
    return torch.cat([signals.semantics, signals.memberships, clipped], dim=-1)


def _best(candidates: Tensor, smooth: bool) -> Tensor:
    """Largest over the rules, the last axis; about -1e4 where none belongs."""
    if smooth:
        return _SHARING * torch.logsumexp(candidates / _SHARING, dim=-1)
    return candidates.amax(-1)
