"""Component states from 98 facial landmarks (the WFLW scheme)."""

from dataclasses import dataclass
from typing import Dict, Optional, Tuple

import numpy as np

from stf2m_ros.fuzzy.components import COMPONENTS, HIGHEST, LOWEST, NUM_COMPONENTS

NUM_LANDMARKS = 98
OWN_NEUTRAL = "own neutral frames"
SET_MEDIAN = "median of the set"

# The person's own left is on the right of an image that is not mirrored.
LEFT_EYE = tuple(range(68, 76))
RIGHT_EYE = tuple(range(60, 68))


@dataclass(frozen=True)
class Measure:
    """A distance on the face: from the mean of `start` to the mean of `end`, in distances between the eyes.

    axis: "up" the face or "across" it, to the person's left.
    full_change: change against the neutral face that counts as a state of 1.
    """

    axis: str
    start: Tuple[int, ...]
    end: Tuple[int, ...]
    full_change: float


LANDMARK_TABLE: Dict[str, Measure] = {
    "left_eyebrow": Measure("up", LEFT_EYE, tuple(range(42, 51)), 0.14),
    "right_eyebrow": Measure("up", RIGHT_EYE, tuple(range(33, 42)), 0.14),
    "brow_crest": Measure("across", (37, 38), (42, 50), -0.10),  # inner ends come closer in a frown
    "left_eye": Measure("up", (73, 74, 75), (69, 70, 71), 0.10),
    "right_eye": Measure("up", (65, 66, 67), (61, 62, 63), 0.10),
    "mouth": Measure("up", (93, 94, 95), (89, 90, 91), 0.40),
    "upper_lip": Measure("up", (89, 90, 91), (78, 79, 80), 0.08),
    "lower_lip": Measure("up", (84, 85, 86), (93, 94, 95), 0.10),
    "left_mouth_corner": Measure("up", (57,), (82,), 0.18),  # against the base of the nose, which no smile moves
    "right_mouth_corner": Measure("up", (57,), (76,), 0.18),
}
"""METHOD section 2; points and full changes are ours. Nose and nostril cannot be told from these points."""


@dataclass(frozen=True)
class LandmarkStates:
    """Component states, and what they were compared with.

    states: (S, 12) float32, NaN where undetermined.  reference: OWN_NEUTRAL or SET_MEDIAN.
    """

    states: np.ndarray
    reference: str


def states_from_landmarks(points: np.ndarray, neutral: Optional[np.ndarray] = None) -> LandmarkStates:
    """Component states from landmarks, compared with a neutral face.

    points: (S, 98, 2) image coordinates, y downwards.  neutral: (N, 98, 2) frames of the person's own neutral face
    (their median counts); without them the median over `points` is the reference, and the result says so.
    A component with a NaN point, and a face whose eyes are not seen or coincide, are undetermined.
    Raises ValueError for other shapes, and where no face can be read to compare with.  Source: METHOD section 2.
    """
    own = neutral is not None
    reference = np.median(_determined(measures(neutral if own else points)), axis=0)
    change = measures(points) - reference
    full_change = np.array([measure.full_change for measure in LANDMARK_TABLE.values()], np.float32)
    states = np.full((len(points), NUM_COMPONENTS), np.nan, np.float32)
    states[:, [COMPONENTS.index(name) for name in LANDMARK_TABLE]] = change / full_change
    return LandmarkStates(np.clip(states, LOWEST, HIGHEST), OWN_NEUTRAL if own else SET_MEDIAN)


def measures(points: np.ndarray) -> np.ndarray:
    """The distances of LANDMARK_TABLE, in its order: (S, 98, 2) -> (S, 10), NaN rows where a face cannot be read.

    Distances follow the line between the eyes, so that a tilted head changes nothing.
    """
    points = np.asarray(points, np.float32)
    if points.ndim != 3 or points.shape[1:] != (NUM_LANDMARKS, 2):
        raise ValueError(f"landmarks: expected shape (S, {NUM_LANDMARKS}, 2), found {points.shape}")
    eye_line = points[:, LEFT_EYE].mean(axis=1) - points[:, RIGHT_EYE].mean(axis=1)
    eye_distance = np.linalg.norm(eye_line, axis=1, keepdims=True)
    across = eye_line / np.where(eye_distance > 0, eye_distance, np.nan) ** 2  # unit vector over the distance
    up = np.stack([across[:, 1], -across[:, 0]], axis=1)
    return np.stack(
        [_measured(points, m, across if m.axis == "across" else up) for m in LANDMARK_TABLE.values()], axis=1
    )


def _measured(points: np.ndarray, measure: Measure, axis: np.ndarray) -> np.ndarray:
    step = points[:, measure.end].mean(axis=1) - points[:, measure.start].mean(axis=1)
    return (step * axis).sum(axis=1)


def _determined(rows: np.ndarray) -> np.ndarray:
    """The rows of faces that could be read."""
    kept = rows[~np.isnan(rows).any(axis=1)]
    if not len(kept):
        raise ValueError("landmarks: expected at least one readable face to compare with, found none")
    return kept
