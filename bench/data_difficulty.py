"""How hard the generated data is: is it a toy, and does the window matter?

    python bench/data_difficulty.py [--clips 120]

Prints how often a linear probe on 48x48 pixels names the right one of 18 classes for people it never saw, how much
knowing the person (neutral face and fullest expression, which only time shows) adds to one frame's action units,
how the classes are spread, and how long a frame takes to draw.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from stf2m_ros.data.generated_faces.action_units import FULL_SCORE  # noqa: E402
from stf2m_ros.data.generated_faces.clip import GeneratedClip, generate_clip, perform, shown_units  # noqa: E402
from stf2m_ros.data.generated_faces.settings import GeneratorSettings  # noqa: E402
from stf2m_ros.emotions import CLASS_NAMES, NEUTRAL_INDEX  # noqa: E402

PROBE_PX = 48
FRAMES_PER_CLIP = 25
PERFORMANCES_PER_CLIP = 4
"""Action units cost nothing to draw, so that probe sees more people than the one on pixels."""

Examples = Tuple[np.ndarray, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=120, help="training clips; a third as many are held out")
    clips = parser.parse_args().clips
    started_s = time.perf_counter()
    train, held_out = (_draw(people, count) for people, count in (("train", clips), ("validation", clips // 3)))
    frames = (len(train) + len(held_out)) * len(train[0].frames)
    drawing_s = time.perf_counter() - started_s
    print(f"drawing: {1000 * drawing_s / frames:.2f} ms a frame ({frames} frames, one process)")
    _print_spread(train + held_out)
    _print_score("one frame, linear probe on 48x48 grey pixels", _pixel_score(train, held_out))
    many = PERFORMANCES_PER_CLIP * clips
    _print_score("one frame, true action units as seen, person unknown", _unit_score(many, window=False))
    _print_score("the same, with the person's neutral and fullest face over the clip", _unit_score(many, window=True))


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


def _unit_score(clips: int, window: bool) -> float:
    probe = make_pipeline(StandardScaler(), MLPClassifier((128, 64), early_stopping=True, random_state=0, max_iter=60))
    probe.fit(*_units("train", clips, window))
    return float(probe.score(*_units("validation", clips // 3, window)))


def _units(people: str, clips: int, window: bool) -> Examples:
    """Action units of single frames; with window, less the clip's neutral and beside the clip's strongest."""
    settings = GeneratorSettings(people=people)
    rows, classes = [], []
    for seed in range(clips):
        performance = perform(settings, np.random.default_rng([seed, settings.first_identity]))
        seen = FULL_SCORE * shown_units(performance).mean(axis=-1)
        neutral, fullest = np.percentile(seen, 10, axis=0), np.percentile(seen, 97, axis=0)
        named = performance.frame_classes
        for index in _emotional(named):
            row = [seen[index], seen[index] - neutral, fullest - neutral] if window else [seen[index]]
            rows.append(np.concatenate(row))
            classes.append(named[index])
    return np.asarray(rows), np.asarray(classes)


def _emotional(classes: np.ndarray) -> np.ndarray:
    """At most FRAMES_PER_CLIP evenly spread frames that are not neutral."""
    indices = np.flatnonzero(classes != NEUTRAL_INDEX)
    return indices[:: max(1, len(indices) // FRAMES_PER_CLIP)]


def _print_score(name: str, score: float) -> None:
    print(f"{name}: {100 * score:.1f} % of 18 classes, people never seen")


if __name__ == "__main__":
    main()
