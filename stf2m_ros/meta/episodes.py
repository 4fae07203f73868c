"""N-way K-shot episodes: a few classes, each in a few examples, and their names mean nothing outside the episode.

Here, and only here, classes are split without overlap; everything else splits people. Source: METHOD section 4. An
example is a whole window as the robot sees it, in which one stretch of one class is labelled: the context stays.
"""

from dataclasses import dataclass, replace
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import CLASS_NAMES, INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.meta.tasks import Group, Task, window_around
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_batches import WindowBatch, WindowSampler


@dataclass(frozen=True)
class EpisodeSettings:
    """ways classes, of each so many shots to adapt to and so many query examples to be judged on.

    per_step: episodes in each outer step of meta-training, beside its tasks; 0: none. held_out: classes that no episode
    of meta-training has. fresh_rate: the inner rate of the last layer, which begins at zero. last_layer_only: nothing
    else is adapted.
    """

    per_step: int = 0
    ways: int = 5
    shots: int = 1
    query: int = 2
    held_out: int = 6
    fresh_rate: float = 1.0
    last_layer_only: bool = False

    def __post_init__(self) -> None:
        if min(self.ways - 1, self.shots, self.query) < 1 or self.per_step < 0 or self.fresh_rate <= 0:
            raise ValueError(f"an episode needs 2 ways, a shot, a query example and a rate above 0, found {self}")
        if not 0 <= self.held_out <= NEUTRAL_INDEX - self.ways:
            raise ValueError(
                f"held_out: expected to leave {self.ways} of {NEUTRAL_INDEX} classes, found {self.held_out}"
            )


class ClassSplit(NamedTuple):
    """The 18 classes, without overlap."""

    learned: Tuple[int, ...]
    held_out: Tuple[int, ...]


def class_split(held_out: int, seed: int = 0) -> ClassSplit:
    """So many of the 18 classes are kept out of the episodes of meta-training. The same numbers give the same split."""
    order = np.random.default_rng(seed).permutation(NEUTRAL_INDEX).tolist()
    return ClassSplit(tuple(sorted(order[held_out:])), tuple(sorted(order[:held_out])))


class ClassEpisodes:
    """Draws episodes of some classes from the clips of a window sampler; the same numbers give the same episode."""

    def __init__(self, windows: WindowSampler, classes: Sequence[int], settings: EpisodeSettings) -> None:
        """Raises ValueError where fewer classes than ways have enough stretches."""
        self.windows, self.settings = windows, settings
        found: Dict[int, List[Group]] = {each: [] for each in classes}
        for clip, track in enumerate(windows.cache.tracks):
            for each, run in runs_of(clip, track.class_index, windows.grid.slots_per_segment):
                if each in found:
                    found[each].append(run)
        needed = settings.shots + settings.query
        self.by_class = {each: runs for each, runs in found.items() if len(runs) >= needed}
        if len(self.by_class) < settings.ways:
            counts = {CLASS_NAMES[each]: len(runs) for each, runs in found.items()}
            raise ValueError(f"episodes need {settings.ways} classes with {needed} stretches or more, found {counts}")

    def task(self, seed: Tuple[int, ...]) -> Task:
        """Classes are numbered from 0 within the episode, in a random order; support and query share no stretch."""
        rng, settings = np.random.default_rng(seed), self.settings
        support: List[WindowBatch] = []
        query: List[WindowBatch] = []
        for label, each in enumerate(rng.choice(sorted(self.by_class), settings.ways, replace=False)):
            runs = self.by_class[int(each)]
            drawn = rng.choice(len(runs), settings.shots + settings.query, replace=False)
            examples = [self._example(runs[index], int(each), label, rng) for index in drawn]
            support += examples[: settings.shots]
            query += examples[settings.shots :]
        return Task(WindowBatch.stacked(support), WindowBatch.stacked(query))

    def _example(self, run: Group, class_index: int, label: int, rng: np.random.Generator) -> WindowBatch:
        """One window, labelled on the run alone, by its number in the episode."""
        window = window_around(self.windows, run, rng)
        own = window.class_index == class_index
        shares = np.zeros((len(own), self.settings.ways), np.float32)
        shares[:, label] = 1
        return window._replace(class_index=np.where(own, label, UNLABELLED), shares=shares)


def runs_of(clip: int, class_index: np.ndarray, shortest: int) -> List[Tuple[int, Group]]:
    """The stretches of one class, neutral left out, of at least so many slots. class_index: (T,)."""
    edges = np.flatnonzero(np.diff(class_index, prepend=-2, append=-2))
    return [
        (int(class_index[start]), Group(clip, int(start), int(end), int(class_index[start]) // len(INTENSITIES)))
        for start, end in zip(edges[:-1], edges[1:])
        if 0 <= class_index[start] < NEUTRAL_INDEX and end - start >= shortest
    ]


def without_classes(cache: TokenCache, classes: Sequence[int]) -> TokenCache:
    """The cache with nothing to be learned of these classes: for a network that shall never have seen them.

    Their component states go too. Tasks and mixed windows of such a cache keep the split of the episodes.
    """
    tracks = []
    for track in cache.tracks:
        hidden = np.isin(track.class_index, list(classes))
        class_index = np.where(hidden, UNLABELLED, track.class_index)
        components = np.where(hidden[:, None], np.float32(np.nan), track.components)
        tracks.append(replace(track, class_index=class_index, components=components))
    return replace(cache, tracks=tuple(tracks))
