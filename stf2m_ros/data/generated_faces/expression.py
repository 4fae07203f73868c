"""Emotions over time: episodes, how far each has gone, and the action units that follow."""

from dataclasses import dataclass, replace
from typing import List, Tuple

import numpy as np

from stf2m_ros.data.generated_faces.action_units import NUM_ACTION_UNITS, unit_row
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.data.generated_faces.style import Style
from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL_INDEX

LEVEL_EDGES = (1 / 6, 1 / 2, 5 / 6)
"""Extents at which neutral turns low, low medium, medium high: each extent belongs to the nearest of 0, 1/3, 2/3, 1."""

FULL_PEAK = 0.9
"""From here on an episode counts as the person's fullest."""


@dataclass(frozen=True)
class Episode:
    """One emotion that comes and goes: smooth rise to its peak extent, apex, smooth fall."""

    emotion: int
    start_s: float
    end_s: float
    peak: float  # 1 is the person's fullest expression
    onset_s: float
    offset_s: float


def plan_episodes(style: Style, settings: GeneratorSettings, rng: np.random.Generator) -> Tuple[Episode, ...]:
    """Random episodes that fill the clip, with neutral stretches between most of them, or one rise to the apex."""
    if settings.plan == "rise":
        emotion = int(rng.integers(len(EMOTIONS)))
        onset_s = float(rng.uniform(0.3, 0.8) * settings.duration_s)
        # It ends after the clip does: the last frame is the apex, as in sequences recorded from neutral to apex.
        end_s = settings.duration_s + 2 * style.offset_s[emotion]
        return (Episode(emotion, 0.0, end_s, _draw_peak(rng), onset_s, style.offset_s[emotion]),)
    return _fullest_shown(_talk(style, settings, rng), rng)


def _talk(style: Style, settings: GeneratorSettings, rng: np.random.Generator) -> List[Episode]:
    """Episodes of a few emotions: a talk stays with its subjects, and so does the face."""
    subjects = rng.permutation(len(EMOTIONS))[: int(rng.integers(2, 4))]
    episodes: List[Episode] = []
    now_s = rng.exponential(1.2)
    while now_s < settings.duration_s - 0.5:
        emotion = int(rng.choice(subjects))
        length_s = float(np.clip(rng.lognormal(1.5, 0.45), 1.5, 10.0))
        share = min(1.0, 0.8 * length_s / (style.onset_s[emotion] + style.offset_s[emotion]))
        pace = rng.uniform(0.7, 1.3)
        onset_s, offset_s = (share * min(pace, 1.2) * ramp[emotion] for ramp in (style.onset_s, style.offset_s))
        episodes.append(Episode(emotion, now_s, now_s + length_s, _draw_peak(rng), onset_s, offset_s))
        follows_at_once = rng.random() < 0.2
        now_s += length_s + (-0.5 * offset_s if follows_at_once else rng.exponential(1.4))
    return episodes


def _fullest_shown(episodes: List[Episode], rng: np.random.Generator) -> Tuple[Episode, ...]:
    """Every emotion of the clip reaches the person's fullest once.

    A level is a share of that face: where it is never shown, nobody could tell two thirds of it from all of it.
    """
    episodes = list(episodes)
    for emotion in sorted({episode.emotion for episode in episodes}):
        own = [index for index, episode in enumerate(episodes) if episode.emotion == emotion]
        if max(episodes[index].peak for index in own) < FULL_PEAK:
            chosen = own[int(rng.integers(len(own)))]
            episodes[chosen] = replace(episodes[chosen], peak=_near(1.0, rng))
    return tuple(episodes)


def extents_over_time(episodes: Tuple[Episode, ...], frame_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, 6) extent in [0, 1] of each emotion."""
    extents = np.zeros((len(frame_s), len(EMOTIONS)), np.float32)
    for episode in episodes:
        rise = _smooth_step((frame_s - episode.start_s) / max(episode.onset_s, 0.05))
        fall = _smooth_step((episode.end_s - frame_s) / max(episode.offset_s, 0.05))
        wave = 1 + 0.03 * np.sin(2 * np.pi * (rng.uniform(0.2, 0.7) * frame_s + rng.random()))
        extent = np.minimum(episode.peak * np.minimum(rise, fall) * wave, 1.0)
        extents[:, episode.emotion] = np.maximum(extents[:, episode.emotion], extent)
    return extents


def classes_from_extents(extents: np.ndarray) -> np.ndarray:
    """Class index of each row of extents (..., 6): the strongest emotion at its nearest level, or neutral."""
    emotion, extent = extents.argmax(axis=-1), extents.max(axis=-1)
    level = np.digitize(extent, LEVEL_EDGES)
    return np.where(level == 0, NEUTRAL_INDEX, len(INTENSITIES) * emotion + level - 1)


def units_from_extents(style: Style, extents: np.ndarray, frame_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, U, 2) action units in [0, 1] above the person's neutral face, blinks and small unrest included."""
    count = len(frame_s)
    moment = np.clip(1 + rng.normal(0, 0.05, (len(EMOTIONS), NUM_ACTION_UNITS, 1)), 0.5, 1.4)
    bend = np.exp(rng.normal(0, 0.05, (len(EMOTIONS), NUM_ACTION_UNITS)))  # some units come early, some late
    fullest = np.clip(style.fullest * moment, 0, 1)
    share = extents[:, :, None] ** bend[None]  # (T, 6, U)
    units = (share[..., None] * fullest[None]).max(axis=1)
    unrest = smooth_noise(count, 0.25, frame_s, rng, channels=NUM_ACTION_UNITS)
    units += np.clip(unrest - 0.6, 0, 1)[..., None] * 0.07 * style.restlessness
    units[:, unit_row(43)] = np.maximum(units[:, unit_row(43)], _blinks(frame_s, style.blinks_per_s, rng)[:, None])
    return np.clip(units, 0, 1).astype(np.float32)


def smooth_noise(
    count: int, changes_per_s: float, frame_s: np.ndarray, rng: np.random.Generator, channels: int = 1
) -> np.ndarray:
    """(count, channels) noise of about unit size that wanders smoothly, changes_per_s knots a second."""
    if count == 1:
        return rng.normal(0, 1, (1, channels))
    knots = max(2, int((frame_s[-1] - frame_s[0]) * changes_per_s) + 2)
    values = rng.normal(0, 1, (knots, channels))
    place = np.linspace(0, knots - 1.001, count)
    low = place.astype(int)
    part = _smooth_step(place - low)[:, None]
    return values[low] * (1 - part) + values[low + 1] * part


def _draw_peak(rng: np.random.Generator) -> float:
    return _near(float(rng.choice([1 / 3, 2 / 3, 1.0], p=[0.35, 0.35, 0.3])), rng)


def _near(level: float, rng: np.random.Generator) -> float:
    return float(np.clip(level + rng.normal(0, 0.03), 0.2, 1.0))


def _smooth_step(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _blinks(frame_s: np.ndarray, per_s: float, rng: np.random.Generator) -> np.ndarray:
    shut = np.zeros(len(frame_s))
    now_s = rng.exponential(1 / per_s)
    while now_s < frame_s[-1]:
        shut = np.maximum(shut, np.clip(1.6 * (1 - np.abs(frame_s - now_s) / rng.uniform(0.12, 0.25)), 0, 1))
        now_s += 0.3 + rng.exponential(1 / per_s)
    return shut
