"""How many clips and labels of each class a set has."""

from collections import Counter
from dataclasses import dataclass
from typing import Counter as CounterOf
from typing import Iterable, List, Set, Union

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.sets.recording import Recording
from stf2m_ros.emotions import CLASS_NAMES


@dataclass(frozen=True)
class ClassCounts:
    """Counts by class name. A clip counts once for each class that it holds."""

    clips: CounterOf[str]
    labels: CounterOf[str]
    all_clips: int
    unlabelled_clips: int
    subjects: int

    def lines(self) -> List[str]:
        """For people: one line a class that occurs, then the sums."""
        rows = [
            f"{name:17} {self.clips[name]:8,} clips {self.labels[name]:8,} labels"
            for name in CLASS_NAMES
            if self.labels[name]
        ]
        without = f", {self.unlabelled_clips:,} without a label" if self.unlabelled_clips else ""
        return [*rows, f"{self.all_clips:,} clips of {self.subjects:,} subjects{without}"]


def count_classes(clips: Iterable[Union[Clip, Recording]]) -> ClassCounts:
    """Count the labels of clips, or of recordings that nobody has loaded yet."""
    by_clip: CounterOf[str] = Counter()
    by_label: CounterOf[str] = Counter()
    subjects: Set[str] = set()
    total, unlabelled = 0, 0
    for clip in clips:
        names = [CLASS_NAMES[label.class_index] for label in clip.labels]
        by_label.update(names)
        by_clip.update(set(names))
        subjects.add(clip.subject)
        total, unlabelled = total + 1, unlabelled + (not names)
    return ClassCounts(by_clip, by_label, total, unlabelled, len(subjects))
