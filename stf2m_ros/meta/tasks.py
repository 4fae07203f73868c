"""Meta-learning tasks out of whole windows: the loss is taken on one expression's segments, the context stays.

Source: paper V-A and METHOD section 4. A group is one expression at one place in a clip, face and words together; its
views are the modalities, left in or out by the window's variation. A task's support set is of one emotion, in its
levels and neutral; half of its query set is of others, so that an answer that ignores the picture is worth nothing.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Protocol, Sequence, Tuple

import numpy as np

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.meta.window_batches import Cut, Face, WindowBatch, WindowSampler
from stf2m_ros.stream.checked_numbers import require_shares

_LOG = logging.getLogger(__name__)
NEUTRAL_MARGIN_SLOTS = 10
"""So much of the neutral face on both sides belongs to a group: what the expression is measured against."""


class Group(NamedTuple):
    """One expression of one emotion, from neutral to neutral: slots [start, end) of a clip."""

    clip: int
    start: int
    end: int
    emotion: int


class Task(NamedTuple):
    """What is adapted on, and what the adapted network is judged on."""

    support: WindowBatch
    query: WindowBatch


class Tasks(Protocol):
    """Where meta-training has its tasks from. windows: those that stand beside them in every outer step."""

    windows: WindowSampler

    def task(self, seed: Tuple[int, ...]) -> Task:
        """The same numbers give the same task."""
        ...


@dataclass(frozen=True)
class TaskSettings:
    """Groups per task; shots are the support groups."""

    shots: int = 4
    query: int = 6
    other_share: float = 0.5  # of the query groups, of emotions that the support set has not

    def __post_init__(self) -> None:
        if self.shots < 1 or self.query < 2:
            raise ValueError(f"a task needs at least 1 support and 2 query groups, found {self.shots} and {self.query}")
        require_shares(self, "other_share")


class TaskSampler:
    """Draws tasks from the clips of a window sampler; the same numbers give the same task."""

    def __init__(self, windows: WindowSampler, settings: TaskSettings) -> None:
        self.windows, self.settings = windows, settings
        found = [
            group for clip, track in enumerate(windows.cache.tracks) for group in groups_of(clip, track.class_index)
        ]
        counts = Counter(EMOTIONS[group.emotion] for group in found)
        rare = [name for name, count in counts.items() if count <= settings.shots]
        if len(counts) - len(rare) < 2:
            raise ValueError(f"tasks need two emotions with more than {settings.shots} groups, found {dict(counts)}")
        if rare:
            _LOG.warning("too few for tasks of %d shots, left out: %s", settings.shots, ", ".join(rare))
        self.by_emotion: Dict[int, List[Group]] = {}
        for group in found:
            if EMOTIONS[group.emotion] not in rare:
                self.by_emotion.setdefault(group.emotion, []).append(group)

    def task(self, seed: Tuple[int, ...]) -> Task:
        rng = np.random.default_rng(seed)
        emotions = sorted(self.by_emotion)
        emotion = int(rng.choice(emotions))
        others = [other for other in emotions if other != emotion]
        count_other = round(self.settings.query * self.settings.other_share)
        own = self._draw(emotion, self.settings.shots + self.settings.query - count_other, rng)
        foreign = [self._draw(int(rng.choice(others)), 1, rng)[0] for _ in range(count_other)]
        support, query = own[: self.settings.shots], own[self.settings.shots :] + foreign
        return Task(self._windows(support, rng), self._windows(query, rng))

    def _draw(self, emotion: int, count: int, rng: np.random.Generator) -> List[Group]:
        groups = self.by_emotion[emotion]
        chosen = rng.choice(len(groups), count, replace=count > len(groups))
        return [groups[index] for index in chosen]

    def _windows(self, groups: Sequence[Group], rng: np.random.Generator) -> WindowBatch:
        return WindowBatch.stacked([window_around(self.windows, group, rng) for group in groups])


def window_around(
    windows: WindowSampler, group: Group, rng: np.random.Generator, face: Optional[Face] = None
) -> WindowBatch:
    """A varied window around the group (no batch axis), labelled on the group alone. face: see WindowSampler.varied."""
    slots, length = windows.grid.slots, len(windows.cache.tracks[group.clip])
    first = max(0, group.end - slots)
    start = int(rng.integers(first, max(group.start, first) + 1))
    end = int(rng.integers(group.end, min(start + slots, length) + 1))
    offset = slots - (end - start)
    window = windows.varied(Cut(group.clip, start, end - start), offset, rng, face)
    inside = np.zeros(slots, bool)
    inside[max(group.start - start, 0) + offset : group.end - start + offset] = True
    inside = inside.reshape(-1, windows.grid.slots_per_segment).mean(1) >= 0.5
    return window._replace(
        class_index=np.where(inside, window.class_index, UNLABELLED),
        components=np.where(inside[..., None], window.components, np.nan).astype(np.float32),
        read_states=np.where(inside[..., None], window.read_states, np.nan).astype(np.float32),
    )


def groups_of(clip: int, class_index: np.ndarray) -> List[Group]:
    """The expressions of a clip, each with the neutral margins that no other expression claims. class_index: (T,)."""
    emotion = np.where((class_index >= 0) & (class_index < NEUTRAL_INDEX), class_index // len(INTENSITIES), -1)
    edges = np.flatnonzero(np.diff(emotion, prepend=-2, append=-2))
    groups = []
    for start, end in zip(edges[:-1], edges[1:]):
        if emotion[start] >= 0:
            before = _neutral_slots(class_index[:start][::-1])
            after = _neutral_slots(class_index[end:])
            groups.append(Group(clip, int(start - before), int(end + after), int(emotion[start])))
    return groups


def _neutral_slots(classes: np.ndarray) -> int:
    """How many neutral slots the sequence begins with, up to the margin."""
    neutral = classes[:NEUTRAL_MARGIN_SLOTS] == NEUTRAL_INDEX
    return int(neutral.size if neutral.all() else neutral.argmin())
