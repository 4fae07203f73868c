"""Tasks of one person each: from some of somebody's expressions the network learns to read that person's others.

Levels are shares of a person's own fullest expression, and everybody has a way of expressing: what an expression means
differs between such tasks, so that the inner loop has something to tell. Tasks of one emotion (`tasks`) all have one
meaning, which the weights can hold without adapting at all. [ours]
"""

from dataclasses import dataclass
from typing import Dict, List, Set, Tuple

import numpy as np

from stf2m_ros.meta.tasks import Group, Task, groups_of, window_around
from stf2m_ros.meta.window_batches import Face, WindowBatch, WindowSampler


@dataclass(frozen=True)
class PersonTaskSettings:
    """Expressions of a task: those that are adapted to, and those that are judged. least_clips: of a person."""

    shots: int = 8
    query: int = 8
    least_clips: int = 2

    def __post_init__(self) -> None:
        if min(self.shots, self.query, self.least_clips) < 1:
            raise ValueError(f"a task needs a shot, a query expression and a clip of a person, found {self}")


class PersonTasks:
    """Draws people, and parts the expressions of each; whoever has fewer than asked for shows some more than once.

    All windows of a task are moved by one shift, as if one other person showed them all.
    """

    def __init__(self, windows: WindowSampler, settings: PersonTaskSettings) -> None:
        """Raises ValueError where nobody has clips enough with two expressions."""
        self.windows, self.settings = windows, settings
        found: Dict[str, List[Group]] = {}
        clips: Dict[str, Set[int]] = {}
        for clip, track in enumerate(windows.cache.tracks):
            found.setdefault(track.subject, []).extend(groups_of(clip, track.class_index))
            clips.setdefault(track.subject, set()).add(clip)
        least = settings.least_clips
        self.by_person = {who: own for who, own in found.items() if len(own) > 1 and len(clips[who]) >= least}
        self.people = sorted(self.by_person)
        if not self.people:
            raise ValueError(f"tasks need people with {least} clips and two expressions, found none of {len(clips)}")

    def task(self, seed: Tuple[int, ...]) -> Task:
        """Support and query share no expression; the same numbers give the same task."""
        rng = np.random.default_rng(seed)
        own = self.by_person[self.people[int(rng.integers(len(self.people)))]]
        drawn = [own[index] for index in rng.permutation(len(own))]
        parted, face = min(self.settings.shots, len(drawn) // 2), self.windows.face(rng)
        return Task(
            self._windows(drawn[:parted], self.settings.shots, face, rng),
            self._windows(drawn[parted:], self.settings.query, face, rng),
        )

    def _windows(self, groups: List[Group], count: int, face: Face, rng: np.random.Generator) -> WindowBatch:
        chosen = [groups[index % len(groups)] for index in range(count)]
        return WindowBatch.stacked([window_around(self.windows, group, rng, face) for group in chosen])
