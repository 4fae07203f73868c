"""Who says what and when, and how the mouth moves while it is said."""

import re
from typing import List, Sequence, Tuple

import numpy as np

from stf2m_ros.data.clip import TimedWord
from stf2m_ros.data.generated_faces.action_units import NUM_ACTION_UNITS, unit_row
from stf2m_ros.data.generated_faces.expression import Episode
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.data.generated_faces.vocabulary import DEGREES, FEELING_FRAMES, FEELINGS, FILLERS, NEUTRAL_TALK, SAYINGS
from stf2m_ros.emotions import EMOTIONS

AGREEING, CONTRADICTING, NEUTRAL_WORDS = "agreeing", "contradicting", "neutral"

_VOWELS = re.compile("[aeiouy]+")
_SHAPES = {
    "a": {26: 0.5, 25: 0.6},
    "e": {26: 0.25, 25: 0.5, 20: 0.25},
    "i": {26: 0.15, 25: 0.45, 20: 0.3},
    "y": {25: 0.4, 20: 0.2},
    "o": {26: 0.4, 25: 0.5, 18: 0.5},
    "u": {26: 0.15, 25: 0.4, 18: 0.7},
}
"""Action units of each vowel at its loudest. Source: ours."""


def draw_text_mode(settings: GeneratorSettings, rng: np.random.Generator) -> str:
    """Whether this clip's words carry the face's emotion, contradict it, or say nothing about it."""
    emotional, contradicting = settings.emotional_words_share, settings.contradicting_words_share
    shares = [emotional, contradicting, 1 - emotional - contradicting]
    return str(rng.choice([AGREEING, CONTRADICTING, NEUTRAL_WORDS], p=shares))


def speak(episodes: Sequence[Episode], mode: str, duration_s: float, rng: np.random.Generator) -> Tuple[TimedWord, ...]:
    """Timed words of a whole clip: sentences with pauses, chosen by what the face does in their middle."""
    words: List[TimedWord] = []
    talkativeness = rng.uniform(0.2, 3.5)  # mean pause
    word_s = 1 / rng.uniform(2.0, 3.8)
    now_s = rng.exponential(talkativeness)
    while now_s < duration_s - 0.6:
        sentence = _sentence(_episode_at(episodes, now_s + 0.8), mode, rng).split()
        for text in sentence:
            length_s = word_s * (0.5 + 0.12 * len(text)) * rng.uniform(0.85, 1.15)
            if now_s + length_s > duration_s:
                return tuple(words)
            words.append(TimedWord(text, round(float(now_s), 3), round(float(now_s + length_s), 3)))
            now_s += length_s + 0.02
        now_s += 0.25 + rng.exponential(talkativeness)
    return tuple(words)


def speech_units(words: Sequence[TimedWord], frame_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, U) action units of speaking; zero wherever nobody speaks."""
    units = np.zeros((len(frame_s), NUM_ACTION_UNITS), np.float32)
    liveliness = rng.uniform(0.5, 1.2)
    for word in words:
        inside = (frame_s >= word.start_s) & (frame_s < word.end_s)
        if not inside.any():
            continue
        vowels = [found[0] for found in _VOWELS.findall(word.text)] or ["e"]
        place = (frame_s[inside] - word.start_s) / (word.end_s - word.start_s) * len(vowels)
        pulse = np.sin(np.pi * (place % 1.0)) ** 0.7
        for number, vowel in enumerate(vowels):
            spoken = pulse * (place.astype(int) == number) * liveliness
            for unit, strength in _SHAPES[vowel].items():
                units[inside, unit_row(unit)] = np.maximum(units[inside, unit_row(unit)], strength * spoken)
    return units


def add_speech(units: np.ndarray, speech: np.ndarray) -> np.ndarray:
    """Expression (T, U, 2) and speech (T, U) together: a spoken word parts pressed lips, a laugh stays open."""
    spoken = np.maximum(units, speech[..., None])
    parted = 1 - np.clip(1.5 * speech[:, unit_row(25)], 0, 0.85)
    for unit in (24, 23, 28, 17):
        spoken[:, unit_row(unit)] *= parted[:, None]
    return spoken


def _episode_at(episodes: Sequence[Episode], stamp_s: float) -> Tuple[int, float]:
    """(emotion or -1, peak extent) at a moment."""
    for episode in episodes:
        if episode.start_s <= stamp_s < episode.end_s:
            return episode.emotion, episode.peak
    return -1, 0.0


def _sentence(now: Tuple[int, float], mode: str, rng: np.random.Generator) -> str:
    emotion, peak = now
    if mode == NEUTRAL_WORDS or emotion < 0 or rng.random() < 0.2:
        return _neutral_sentence(rng)
    if mode == CONTRADICTING:
        emotion = int((emotion + rng.integers(1, len(EMOTIONS))) % len(EMOTIONS))
    return _emotional_sentence(EMOTIONS[emotion], peak, rng)


def _emotional_sentence(emotion: str, peak: float, rng: np.random.Generator) -> str:
    if rng.random() < 0.4:
        return str(rng.choice(SAYINGS[emotion]))
    level = int(np.clip(round(3 * peak) - 1, 0, 2)) if rng.random() < 0.7 else int(rng.integers(3))
    return str(rng.choice(FEELING_FRAMES)).format(how=rng.choice(DEGREES[level]), feeling=rng.choice(FEELINGS[emotion]))


def _neutral_sentence(rng: np.random.Generator) -> str:
    return str(rng.choice(NEUTRAL_TALK)).format(**{slot: rng.choice(choices) for slot, choices in FILLERS.items()})
