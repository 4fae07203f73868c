"""A few clips in memory: what a study may be run on within a test."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fakes import write_tiny_bundle

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.evaluation.data_choice import corrupted
from stf2m_ros.evaluation.interference.corruptions import CLEAN, Corruption
from stf2m_ros.evaluation.study import Cells, StudyContext, StudySize

TINY = StudySize("tiny", 3, 3, clips=4, training_clips=4, training_steps=2, groups=1, clips_per_group=1)


def tiny_clip(number: int, seconds: float = 4.0) -> Clip:
    """One person who is neutral, then shows an emotion of the number's choice, saying a few words."""
    rng = np.random.default_rng(number)
    frame_s = np.arange(round(seconds * 10)) / 10
    labels = (LabelInterval(18, 0.0, 1.0), LabelInterval(3 * (number % 6) + number % 3, 1.0, seconds))
    words = tuple(TimedWord(f"word{place}", place * 0.5, place * 0.5 + 0.3) for place in range(4))
    frames = rng.integers(40, 200, (len(frame_s), 32, 32, 3), dtype=np.uint8)
    return Clip(f"clip{number}", f"P{number}", frames, frame_s, words, labels, None, facts={"Sex": "Female"})


@dataclass(frozen=True)
class TinyData:
    """Counts nothing, keeps nothing."""

    count: int = 4
    name: str = "tiny"
    checksum: str = "0" * 64
    held_out: bool = False

    def clips(self, corruption: Corruption = CLEAN):
        return (corrupted(tiny_clip(number), corruption) for number in range(self.count))

    def training_clips(self):
        return self.clips()


def tiny_context(folder: Path, **changed) -> StudyContext:
    """Everything that a study needs, below a folder."""
    bundle = write_tiny_bundle(folder / "bundle")
    usual = {"data": TinyData(), "bundle": bundle, "out": folder / "out", "work": folder / "work"}
    return StudyContext(**{**usual, "cells": Cells(folder / "cells"), "size": TINY, **changed})
