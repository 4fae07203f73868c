"""Episodes for methods that need every emotion in the support set: so many expressions of each, and as many to answer.

The tasks of `stf2m_ros.meta.tasks` have one emotion in their support set, of which no prototype of another one can be
made; the windows are the same: whole ones, the loss taken on one expression's segments.
"""

from typing import Dict, List, Tuple

import numpy as np

from stf2m_ros.emotions import EMOTIONS
from stf2m_ros.meta.tasks import Group, Task, TaskSampler, TaskSettings
from stf2m_ros.meta.window_batches import WindowBatch, WindowSampler


class EpisodeSampler(TaskSampler):
    """Draws episodes; the same numbers give the same one. An emotion with a single expression is left out.

    Raises ValueError where fewer than two emotions have two expressions.
    """

    def __init__(self, windows: WindowSampler, shots: int = 1) -> None:
        super().__init__(windows, TaskSettings(shots=1, query=2))
        self.shots = shots

    def task(self, seed: Tuple[int, ...]) -> Task:
        """shots expressions of each emotion in the support set, others in the query set."""
        rng = np.random.default_rng(seed)
        support: List[Group] = []
        query: List[Group] = []
        for emotion in sorted(self.by_emotion):
            drawn = self._draw(emotion, 2 * self.shots, rng)
            support += drawn[: self.shots]
            query += drawn[self.shots :]
        return Task(self._windows(support, rng), self._windows(query, rng))

    def support_set(self, shots: int, seed: Tuple[int, ...]) -> WindowBatch:
        """shots expressions of each emotion, to adapt to before judging; fewer where the clips hold fewer."""
        rng = np.random.default_rng(seed)
        chosen = [
            group
            for emotion, groups in sorted(self.by_emotion.items())
            for group in self._draw(emotion, min(shots, len(groups)), rng)
        ]
        return self._windows(chosen, rng)

    def expressions(self) -> Dict[str, int]:
        """How many each emotion has."""
        return {EMOTIONS[emotion]: len(groups) for emotion, groups in sorted(self.by_emotion.items())}
