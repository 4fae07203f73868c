"""How well a fixed model does at every pair of membership ranges: the fitness surface and its picture.

Source: paper Eq. 5, METHOD section 3. The ranges are inputs of the window head, so a pair costs no training; and what
comes before the rules is encoded once for all pairs.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.evaluation.scores.subject_folds import Interval
from stf2m_ros.meta.window_batches import Cut, WindowSampler
from stf2m_ros.meta.window_training import WindowModel

Pair = Tuple[float, float]
"""Membership ranges of the components and of the intensities."""
CHOSEN = (0.13, 0.40, 0.70)
_WINDOWS_AT_ONCE = 25


@dataclass(frozen=True)
class RangeSurface:
    """How many segments of each of the 18 classes were told rightly, person by person, at every pair of ranges."""

    component_ranges: Tuple[float, ...]
    intensity_ranges: Tuple[float, ...]
    right: np.ndarray  # (C, K, people, 18)
    total: np.ndarray  # (people, 18)

    def accuracy(self) -> np.ndarray:
        """(C, K) of all segments with an emotion, neutral not allowed as an answer."""
        return self.right.sum((2, 3)) / self.total.sum()

    def recall(self) -> np.ndarray:
        """(C, K) mean over the classes that occur."""
        return np.nanmean(_recalls(self.right.sum(2), self.total.sum(0)), axis=-1)

    def fitness(self) -> np.ndarray:
        """(C, K). Source: paper Eq. 5, accuracy and recall; taking their mean is ours."""
        return _fitness(self.right.sum(2), self.total.sum(0))

    def pair(self, place: Tuple[int, int]) -> Pair:
        return self.component_ranges[place[0]], self.intensity_ranges[place[1]]

    def place(self, pair: Pair) -> Tuple[int, int]:
        """Raises ValueError where the pair is not on the grid."""
        return self.component_ranges.index(pair[0]), self.intensity_ranges.index(pair[1])

    def difference(self, place: Tuple[int, int], other: Tuple[int, int], draws: int = 1000, seed: int = 0) -> Interval:
        """How much fitter the first place is, with a 95 % bootstrap interval over people."""
        people = len(self.total)
        drawn = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), size=draws)
        total = drawn @ self.total
        spread = _fitness(drawn @ self.right[place], total) - _fitness(drawn @ self.right[other], total)
        fitness = self.fitness()
        return Interval(float(fitness[place] - fitness[other]), *np.quantile(spread, [0.025, 0.975]).tolist())


@torch.no_grad()
def range_surface(
    model: WindowModel,
    sampler: WindowSampler,
    cuts: Sequence[Cut],
    component_ranges: Sequence[float],
    intensity_ranges: Sequence[float],
) -> RangeSurface:
    """The model as it stands at every pair, on the segments with an emotion of these stretches of clips.

    Raises ValueError where no segment has an emotion.
    """
    tracks = sampler.cache.tracks
    subjects, person = np.unique([tracks[cut.clip].subject for cut in cuts], return_inverse=True)
    parts = [_part(model, sampler, cuts, person, start) for start in range(0, len(cuts), _WINDOWS_AT_ONCE)]
    counts = np.zeros((len(component_ranges), len(intensity_ranges), len(subjects), NEUTRAL_INDEX), np.int64)
    for first, component_range in enumerate(component_ranges):
        for second, intensity_range in enumerate(intensity_ranges):
            for part in parts:
                part.count_right(model, (component_range, intensity_range), counts[first, second])
    total = np.zeros(counts.shape[2:], np.int64)
    for part in parts:
        np.add.at(total, (part.person, part.expected), 1)
    if not total.any():
        raise ValueError(f"expected segments with an emotion to measure on, found none in {len(cuts)} clips")
    return RangeSurface(tuple(component_ranges), tuple(intensity_ranges), counts, total)


@dataclass(frozen=True)
class _Part:
    """Some windows up to the rules; K of their segments have an emotion."""

    z: Tensor  # (B, S, E)
    seen: Tensor  # (B, S)
    words_alone: Optional[Tensor]  # (B, S, E), where the head has a straight way for words
    emotional: np.ndarray  # (B, S)
    person: np.ndarray  # (K,)
    expected: np.ndarray  # (K,)

    def count_right(self, model: WindowModel, pair: Pair, counts: np.ndarray) -> None:
        """Adds to counts (people, 18)."""
        ranges = torch.tensor(pair, device=self.z.device)
        fuzzy, last_layer = (model.fuzzy.rules, ranges), model.head.last_layer
        out = model.head.conclude(self.z, self.seen, *fuzzy, last_layer, self.words_alone)
        said = out.logits[..., :NEUTRAL_INDEX].argmax(-1).cpu().numpy()[self.emotional]
        right = said == self.expected
        np.add.at(counts, (self.person[right], self.expected[right]), 1)


def _part(model: WindowModel, sampler: WindowSampler, cuts: Sequence[Cut], person: np.ndarray, start: int) -> _Part:
    own = slice(start, start + _WINDOWS_AT_ONCE)
    windows = sampler.cut(cuts[own])
    emotional = (windows.class_index != UNLABELLED) & (windows.class_index != NEUTRAL_INDEX)
    owner = np.broadcast_to(person[own][:, None], emotional.shape)
    inputs = model.head_inputs(windows, model.text())
    return _Part(
        *model.head.encode(inputs),
        model.head.words_alone(inputs),
        emotional,
        owner[emotional],
        windows.class_index[emotional],
    )


def _recalls(right: np.ndarray, total: np.ndarray) -> np.ndarray:
    """(..., 18) of either -> (..., 18), NaN where a class does not occur."""
    return np.where(total > 0, right / np.maximum(total, 1), np.nan)


def _fitness(right: np.ndarray, total: np.ndarray) -> np.ndarray:
    """(..., 18) of either -> (...)."""
    return (right.sum(-1) / total.sum(-1) + np.nanmean(_recalls(right, total), axis=-1)) / 2


def draw_range_surface(
    component_ranges: Sequence[float],
    intensity_ranges: Sequence[float],
    heights: np.ndarray,
    title: str,
    path: Path,
    chosen: Optional[Pair] = None,
) -> None:
    """A histogram in three dimensions, written as PNG. heights: (C, K), of 0 to 1; chosen: the pair to point out.

    Raises ImportError where matplotlib is not installed.
    """
    from matplotlib.figure import Figure  # here: to measure needs none, and a machine that trains may have none

    from stf2m_ros.evaluation.recordings.timeline import DOTS_PER_INCH, INK

    figure = Figure(figsize=(8, 6), dpi=DOTS_PER_INCH, facecolor="white")
    axes = figure.add_subplot(projection="3d")
    places = np.indices(heights.shape).reshape(2, -1)
    floor = max(0.0, float(np.floor(heights.min() * 100 - 1) / 100))  # low bars would hide the differences
    top = max(float(heights.max()), floor + 0.01)
    colours = _colours(heights, floor)
    if chosen is not None:
        row, column = component_ranges.index(chosen[0]), intensity_ranges.index(chosen[1])
        colours[row * len(intensity_ranges) + column] = CHOSEN
        title = f"{title}\nblue: {chosen[0]:g} and {chosen[1]:g}, {heights[row, column]:.3f}"
    axes.bar3d(*(places - 0.4), floor, 0.8, 0.8, heights.ravel() - floor, color=colours, shade=True)
    axes.set(xlabel="range of the components, r_c", ylabel="range of the intensities, r_k", zlim=(floor, top))
    axes.set_xticks(range(len(component_ranges)), _labels(component_ranges))
    axes.set_yticks(range(len(intensity_ranges)), _labels(intensity_ranges))
    figure.suptitle(title, x=0.03, ha="left", fontsize=11, color=INK)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _labels(ranges: Sequence[float]) -> List[str]:
    return [f"{each:g}" for each in ranges]


def _colours(heights: np.ndarray, floor: float) -> np.ndarray:
    """(C * K, 3) from grey to orange, by height."""
    share = ((heights - floor) / max(float(heights.max()) - floor, 1e-9)).reshape(-1, 1)
    return (1 - share) * np.array([0.80, 0.83, 0.87]) + share * np.array([0.88, 0.45, 0.13])
