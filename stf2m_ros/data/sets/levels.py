"""From how far an expression has gone to the classes: six emotions at three levels, and neutral."""

import math
from typing import Optional, Sequence, Tuple

import numpy as np

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, INTENSITIES, NEUTRAL, NEUTRAL_INDEX, NUM_CLASSES, class_index

UNTIL_THE_END = math.inf
"""End of a label that holds for the whole of a clip whose length is known once it has been read."""

LEVEL_EDGES = (1 / 6, 1 / 2, 5 / 6)
"""Where the nearest level changes, from neutral to low, to medium, to high: these are a third, two thirds, all of the
way from the neutral face to the fullest expression. Source: METHOD section 1."""

NO_CLASS = -1


def class_of_extent(emotion: str, extent: float) -> int:
    """The nearest level's class; neutral below half of low."""
    level = int(np.digitize(extent, LEVEL_EDGES))
    return NEUTRAL_INDEX if level == 0 else class_index(emotion, INTENSITIES[level - 1])


def shares_of_extents(extents: Sequence[float]) -> Tuple[float, ...]:
    """Several emotions at once, each with its extent 0 to 1 (in the order of EMOTIONS), as shares of the classes.

    [ours] An emotion's part is its extent's share of the sum; within it the two levels next to its extent share, so
    that their mean extent is the emotion's own; neutral is the level below low.
    """
    extents = np.clip(np.asarray(extents, float), 0, 1)
    shares = np.zeros(NUM_CLASSES)
    if not extents.any():
        shares[NEUTRAL_INDEX] = 1
    for emotion, part in enumerate(extents / max(extents.sum(), 1e-12)):
        neutral, *levels = _between_levels(extents[emotion])
        shares[NEUTRAL_INDEX] += part * neutral
        shares[len(INTENSITIES) * emotion : len(INTENSITIES) * (emotion + 1)] += part * np.array(levels)
    return tuple(float(share) for share in shares / shares.sum())


def _between_levels(extent: float) -> np.ndarray:
    """(4,) shares of neutral, low, medium, high."""
    return np.maximum(0, 1 - np.abs(extent * len(INTENSITIES) - np.arange(len(INTENSITIES) + 1)))


def whole_clip(index: int, shares: Tuple[float, ...] = ()) -> Tuple[LabelInterval, ...]:
    """One label from a clip's start to its end."""
    return (LabelInterval(index, 0.0, UNTIL_THE_END, shares),)


def of_unknown_level(emotions: Sequence[str], start_s: float, end_s: float) -> LabelInterval:
    """A label of emotions (or neutral) whose level nobody gave: the first one's medium; all levels share equally."""
    shares = np.zeros(NUM_CLASSES)
    for emotion in emotions:
        shares[list(classes_of(emotion))] += 1 / len(emotions) / len(classes_of(emotion))
    return LabelInterval(hard_class(emotions[0]), start_s, end_s, certain_or(tuple(shares)))


def classes_of(emotion: str) -> Tuple[int, ...]:
    """The classes of an emotion, or neutral's one."""
    if emotion == NEUTRAL:
        return (NEUTRAL_INDEX,)
    return tuple(class_index(emotion, intensity) for intensity in INTENSITIES)


def hard_class(emotion: str) -> int:
    """The class that stands for an emotion of unknown level: medium."""
    classes = classes_of(emotion)
    return classes[len(classes) // 2]


def certain_or(shares: Tuple[float, ...]) -> Tuple[float, ...]:
    """The shares, or none of them where one class has all."""
    return () if max(shares) > 1 - 1e-9 else tuple(float(share) for share in shares)


def named_label(name: str, start_s: float, end_s: float) -> Optional[LabelInterval]:
    """The label of a name: a class ("happiness-high", "neutral"), or an emotion of unknown level; None for others."""
    if name in CLASS_NAMES:
        return LabelInterval(CLASS_NAMES.index(name), start_s, end_s)
    return of_unknown_level([name], start_s, end_s) if name in EMOTIONS else None


def intervals_of_frames(classes: np.ndarray, frame_s: np.ndarray, frame_period_s: float) -> Tuple[LabelInterval, ...]:
    """Neighbouring frames of one class as one label; frames of NO_CLASS are not labelled.

    classes, frame_s: (T,). A frame stands for the time that is nearer to it than to any other, half a period at most.
    """
    if len(classes) == 0:
        return ()
    frame_s = np.asarray(frame_s, float)
    half_s = np.minimum(np.diff(frame_s), frame_period_s) / 2
    starts_s = np.concatenate([[max(0.0, frame_s[0] - frame_period_s / 2)], frame_s[1:] - half_s])
    ends_s = np.concatenate([frame_s[:-1] + half_s, [frame_s[-1] + frame_period_s / 2]])
    breaks = (np.diff(classes) != 0) | (np.diff(frame_s) > 1.5 * frame_period_s)
    firsts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    lasts = np.concatenate([firsts[1:] - 1, [len(classes) - 1]])
    return tuple(
        LabelInterval(int(classes[first]), float(starts_s[first]), float(ends_s[last]))
        for first, last in zip(firsts, lasts)
        if classes[first] != NO_CLASS
    )
