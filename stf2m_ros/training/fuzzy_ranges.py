"""The membership ranges are fitted to a trained model that stays as it is, on people it was not trained on.

Source: paper Eq. 5 and METHOD section 3: train at the starting pair, freeze, look at every pair, fix the best, train
again. What is ours: a best pair that chance alone may have made the best is not taken; the starting pair stays.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Tuple

import numpy as np

from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.evaluation.range_surface import Pair, RangeSurface, draw_range_surface, range_surface
from stf2m_ros.evaluation.scores.subject_folds import Interval
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.training_loop import OptimiserSettings
from stf2m_ros.meta.window_batches import WindowSampler
from stf2m_ros.meta.window_scores import beginnings
from stf2m_ros.meta.window_training import WindowModel

_LOG = logging.getLogger(__name__)
RANGES_PICTURE = "fuzzy_ranges.png"
"""Beside the card, whose scores hold the same numbers."""


@dataclass(frozen=True)
class FuzzyRangesSettings:
    """grid: values of both ranges; clips: at most so many of the validation clips are looked at, evenly chosen.

    again_share: of the steps of the stage before, at the ranges that were found; again_rate: of its rate.
    """

    fit: bool = True
    grid: Tuple[float, ...] = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    clips: int = 200
    again_share: float = 0.25
    again_rate: float = 0.3

    def __post_init__(self) -> None:
        if not self.grid or min(self.grid) <= 0:
            raise ValueError(f"grid: expected ranges above 0, found {list(self.grid)}")
        if self.clips < 1:
            raise ValueError(f"clips: expected at least 1, found {self.clips}")
        if self.again_share < 0 or self.again_rate <= 0:
            raise ValueError(f"expected again_share from 0 and again_rate above 0, found {self}")

    @property
    def goes_on(self) -> bool:
        """Whether training goes on at ranges that were found."""
        return self.fit and self.again_share > 0

    def again(self, optimiser: OptimiserSettings) -> OptimiserSettings:
        """How training goes on at the ranges that were found."""
        steps = max(1, round(self.again_share * optimiser.steps))
        return replace(optimiser, steps=steps, rate=self.again_rate * optimiser.rate)


@dataclass(frozen=True)
class FittedRanges:
    """gain: of the best pair over the starting one; spread: of the best over the worst. Both of fitness."""

    surface: RangeSurface
    start: Pair
    best: Pair
    gain: Interval
    spread: Interval

    @property
    def chosen(self) -> Pair:
        """The best pair, where it is better than the starting one on other people like these too."""
        return self.best if self.gain.low > 0 else self.start

    @property
    def is_flat(self) -> bool:
        """The best pair cannot be told from the worst: the ranges make no difference to this model."""
        return self.spread.low <= 0

    def draw(self, path: Path) -> None:
        """Leaves the picture out, with a warning, where matplotlib is not installed."""
        surface, people = self.surface, len(self.surface.total)
        title = f"Fitness (mean of 18-way accuracy and recall) on {people} people the model was not trained on"
        ranges = surface.component_ranges, surface.intensity_ranges
        try:
            draw_range_surface(*ranges, surface.fitness(), title, path, self.chosen)
        except ImportError as error:
            _LOG.warning("%s: not drawn, %s is not installed; the card has the same numbers", path, error.name)

    def scores(self) -> Dict[str, Any]:
        """For the card."""
        surface = self.surface
        return {
            "component_ranges": list(surface.component_ranges),
            "intensity_ranges": list(surface.intensity_ranges),
            "accuracy_18": surface.accuracy().tolist(),
            "recall_18": surface.recall().tolist(),
            "fitness": surface.fitness().tolist(),
            "start": list(self.start),
            "best": list(self.best),
            "chosen": list(self.chosen),
            "gain": self.gain._asdict(),
            "spread": self.spread._asdict(),
            "flat": self.is_flat,
            "people": len(surface.total),
            "segments": int(surface.total.sum()),
        }


def fit_ranges(model: WindowModel, sampler: WindowSampler, settings: FuzzyRangesSettings, start: Pair) -> FittedRanges:
    """Looks at every pair of the grid and at the starting one. Raises ValueError where no segment has an emotion."""
    whole = beginnings(sampler, sampler.grid.span_s)
    chosen = np.unique(np.linspace(0, len(whole) - 1, settings.clips).round().astype(int))
    axes = (tuple(sorted({*settings.grid, each})) for each in start)
    surface = range_surface(model, sampler, [whole[clip] for clip in chosen], *axes)
    fitted = fitted_to(surface, start)
    _LOG.info("fuzzy ranges: best %s, gain %.4f (%.4f to %.4f), taken %s", fitted.best, *fitted.gain, fitted.chosen)
    return fitted


def has_emotions(cache: TokenCache) -> bool:
    """Whether there is anything to measure on."""
    return any(bool(((t.class_index >= 0) & (t.class_index < NEUTRAL_INDEX)).any()) for t in cache.tracks)


def fitted_to(surface: RangeSurface, start: Pair) -> FittedRanges:
    """The fittest pair; of several that are the fittest, the one nearest to the start."""
    fitness, origin = surface.fitness(), surface.place(start)
    best = min(map(tuple, np.argwhere(fitness == fitness.max())), key=lambda place: _distance(surface, place, start))
    worst = tuple(np.unravel_index(fitness.argmin(), fitness.shape))
    gain, spread = surface.difference(best, origin), surface.difference(best, worst)
    return FittedRanges(surface, start, surface.pair(best), gain, spread)


def _distance(surface: RangeSurface, place: Tuple[int, int], start: Pair) -> float:
    return sum(abs(own - other) for own, other in zip(surface.pair(place), start))
