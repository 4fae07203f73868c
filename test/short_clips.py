"""Small made-up clips of several people, as data of a study; and the shipped bundle, whose encoder sees them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.evaluation.data_choice import corrupted
from stf2m_ros.evaluation.interference.corruptions import CLEAN, Corruption

BUNDLE = Path(__file__).parents[1] / "models/generated_faces"
SIDE_PX = 112


def clip(number: int, people: str = "train", words: bool = True) -> Clip:
    """Three seconds: neutral, an emotion in its three levels, neutral. The picture's brightness tells the class."""
    emotion = number % 6
    spans = [
        (18, 0.0, 0.5),
        *((3 * emotion + k, 0.5 + k * 2 / 3, 0.5 + (k + 1) * 2 / 3) for k in range(3)),
        (18, 2.5, 3),
    ]
    labels = tuple(LabelInterval(index, start, end) for index, start, end in spans)
    frame_s = np.arange(15) / 5
    classes = [next(each.class_index for each in labels if at < each.end_s - 1e-6) for at in frame_s]
    noise = np.random.default_rng(number).integers(0, 40, (15, SIDE_PX, SIDE_PX, 3))
    frames = (noise + 10 * np.asarray(classes)[:, None, None, None]).astype(np.uint8)
    said = (TimedWord("oh", 1.0, 1.3), TimedWord("well", 2.0, 2.2)) if words else ()
    return Clip(f"{people}-{number}", f"{people}-{number}", frames, frame_s, said, labels, None)


@dataclass(frozen=True)
class ShortClips:
    """EvaluationData of such clips."""

    judged: int = 6
    learned_from: int = 18
    words: bool = True
    held_out: bool = True
    name: str = "short"
    checksum: str = "0" * 64

    def clips(self, corruption: Corruption = CLEAN) -> Iterator[Clip]:
        people = "test" if self.held_out else "train"
        for number in range(self.judged if self.held_out else self.learned_from):
            yield corrupted(clip(number, people, self.words), corruption)

    def training_clips(self) -> Iterator[Clip]:
        for number in range(self.learned_from):
            yield clip(number, words=self.words)
