"""How hard the generated data is: is it a toy, and does the window matter?

    python bench/data_difficulty.py [--clips 120]

Prints how often a linear probe on 48x48 pixels names the right one of 18 classes for people it never saw, how much
the window (the person's neutral and fullest face, the frames around, the words) adds to one frame's action units,
how the classes are spread, and how long a frame takes to draw.
"""

import argparse
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Callable, List, Tuple

import cv2
import numpy as np
from scipy.ndimage import uniform_filter1d
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from stf2m_ros.data.generated_faces.action_units import FULL_SCORE  # noqa: E402
from stf2m_ros.data.generated_faces.clip import GeneratedClip, Performance, generate_clip, perform, shown_units  # noqa: E402
from stf2m_ros.data.generated_faces.settings import GeneratorSettings  # noqa: E402
from stf2m_ros.data.generated_faces.vocabulary import FEELINGS  # noqa: E402
from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, NEUTRAL_INDEX  # noqa: E402

PROBE_PX = 48
FRAMES_PER_CLIP = 25
PERFORMANCES_PER_CLIP = 5
"""Action units cost nothing to draw, so that probe sees more people than the one on pixels."""

READING_ERROR = 0.5
"""Standard error of a reading on the scale of 0 to 5."""
AROUND_FRAMES = 5

EMOTION_WORDS = {name: {word for phrase in FEELINGS[name] for word in phrase.split()} for name in EMOTIONS}

Examples = Tuple[np.ndarray, np.ndarray]
Features = Callable[[Performance], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=120, help="training clips; a third as many are held out")
    clips = parser.parse_args().clips
    cv2.setNumThreads(1)  # pictures are small: threads would only wait for one another
    started_s = time.process_time()
    train, held_out = (_draw(people, count) for people, count in (("train", clips), ("validation", clips // 3)))
    frames = (len(train) + len(held_out)) * len(train[0].frames)
    drawing_s = time.process_time() - started_s
    print(f"drawing: {1000 * drawing_s / frames:.2f} ms of processor time a frame ({frames} frames)")
    _print_spread(train + held_out)
    _print_score("one frame, linear probe on 48x48 grey pixels", _pixel_score(train, held_out))
    many = PERFORMANCES_PER_CLIP * clips
    _print_score("one frame, action units read with a small error", _unit_score(many, _one_frame))
    _print_score("the window's action units", _unit_score(many, _window))
    _print_score("the window's action units and words", _unit_score(many, _window_and_words))


def _draw(people: str, count: int) -> List[GeneratedClip]:
    settings = GeneratorSettings(people=people)
    return [generate_clip(seed, settings) for seed in range(count)]


def _print_spread(clips: List[GeneratedClip]) -> None:
    seconds: Counter = Counter()
    for clip in clips:
        for label in clip.labels:
            seconds[CLASS_NAMES[label.class_index]] += label.end_s - label.start_s
    total = sum(seconds.values())
    print("share of time: " + ", ".join(f"{name} {100 * seconds[name] / total:.1f} %" for name in CLASS_NAMES))
    print("words: " + ", ".join(f"{mode} {n}" for mode, n in sorted(Counter(c.text_mode for c in clips).items())))


def _pixel_score(train: List[GeneratedClip], held_out: List[GeneratedClip]) -> float:
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=150))
    probe.fit(*_pixels(train))
    return float(probe.score(*_pixels(held_out)))


def _pixels(clips: List[GeneratedClip]) -> Examples:
    rows, classes = [], []
    for clip in clips:
        for index in _emotional(clip.frame_classes):
            grey = cv2.cvtColor(clip.frames[index], cv2.COLOR_RGB2GRAY)
            rows.append(cv2.resize(grey, (PROBE_PX, PROBE_PX), interpolation=cv2.INTER_AREA).ravel())
            classes.append(clip.frame_classes[index])
    return np.asarray(rows, np.float32), np.asarray(classes)


def _unit_score(clips: int, features: Features) -> float:
    probe = make_pipeline(StandardScaler(), MLPClassifier((128, 64), early_stopping=True, random_state=0, max_iter=40))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed effort is what makes the rows comparable
        probe.fit(*_units("train", clips, features))
    return float(probe.score(*_units("validation", clips // 3, features)))


def _units(people: str, clips: int, features: Features) -> Examples:
    settings = GeneratorSettings(people=people)
    rows, classes = [], []
    for seed in range(clips):
        performance = perform(settings, np.random.default_rng([seed, settings.first_identity]))
        chosen = _emotional(performance.frame_classes)
        rows.append(features(performance)[chosen])
        classes.append(performance.frame_classes[chosen])
    return np.concatenate(rows), np.concatenate(classes)


def _one_frame(performance: Performance) -> np.ndarray:
    """(T, U) scores as a good reader of faces gives them: the resting face included, and a little wrong every time."""
    seen = FULL_SCORE * shown_units(performance).mean(axis=-1)
    return seen + np.random.default_rng(len(performance.words)).normal(0, READING_ERROR, seen.shape)


def _window(performance: Performance) -> np.ndarray:
    """One frame beside what time shows: the clip's resting and strongest face, and the second around the frame."""
    seen = _one_frame(performance)
    neutral, fullest = np.percentile(seen, 20, axis=0), np.percentile(seen, 97, axis=0)
    around = uniform_filter1d(seen, AROUND_FRAMES, axis=0, mode="nearest")
    later = [np.roll(around, shift, axis=0) for shift in (-AROUND_FRAMES, AROUND_FRAMES)]
    reach = np.tile(fullest - neutral, (len(seen), 1))
    return np.concatenate([seen, around, around - neutral, reach, *later], axis=1)


def _window_and_words(performance: Performance) -> np.ndarray:
    """The same, and how many words of each emotion fall within 1.5 s."""
    told = np.zeros((len(performance.frame_s), len(EMOTIONS)))
    for word in performance.words:
        near = np.abs(performance.frame_s - (word.start_s + word.end_s) / 2) < 1.5
        for emotion, name in enumerate(EMOTIONS):
            told[near, emotion] += word.text in EMOTION_WORDS[name]
    return np.concatenate([_window(performance), told], axis=1)


def _emotional(classes: np.ndarray) -> np.ndarray:
    """At most FRAMES_PER_CLIP evenly spread frames that are not neutral."""
    indices = np.flatnonzero(classes != NEUTRAL_INDEX)
    return indices[:: max(1, len(indices) // FRAMES_PER_CLIP)]


def _print_score(name: str, score: float) -> None:
    print(f"{name}: {100 * score:.1f} % of 18 classes, people never seen")


if __name__ == "__main__":
    main()
