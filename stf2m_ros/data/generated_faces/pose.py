"""How the head moves, where the eyes look, and how the detector's box trembles."""

import numpy as np

from stf2m_ros.data.generated_faces.camera import Pose
from stf2m_ros.data.generated_faces.expression import smooth_noise

BOX_SCALE = 1.017
BOX_CENTRE = np.array([0.0, 0.06])
"""Measured with OpenCV's frontal Haar cascade on 120 generated people: where its box lies on a painted face."""


def draw_pose(frame_s: np.ndarray, rng: np.random.Generator) -> Pose:
    """A random head movement around a random habitual pose."""
    count = len(frame_s)
    liveliness = rng.uniform(0.2, 1.2)
    wander = smooth_noise(count, 0.7, frame_s, rng, channels=3) * liveliness
    habit = rng.normal(0, 1, 3) * [0.16, 0.10, 0.06]
    yaw, pitch, roll = (habit + wander * [0.13, 0.07, 0.05]).T
    slow = smooth_noise(count, 0.8, frame_s, rng, channels=3)
    quick = rng.normal(0, 1, (count, 3))
    box = slow * [0.02, 0.02, 0.018] + quick * [0.006, 0.006, 0.006]
    # The box of one clip is off by an amount of its own: detectors differ, and hair and chin mislead them.
    box += rng.normal(0, 1, 3) * [0.04, 0.05, 0.05]
    # Other people's crops are tighter than ours, and cropping to the bare box is common.
    box[:, 2] += rng.uniform(-0.04, 0.27) * (rng.random() < 0.7)
    return Pose(
        yaw=np.clip(yaw, -0.6, 0.6),
        pitch=np.clip(pitch, -0.4, 0.4),
        roll=np.clip(roll, -0.35, 0.35),
        scale=BOX_SCALE * np.exp(box[:, 2]),
        shift=box[:, :2] + BOX_CENTRE,
    )


def draw_gaze(frame_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, 2) where the eyes look, in [-1, 1]: jumps, with rest between."""
    gaze = np.zeros((len(frame_s), 2))
    now_s, target = 0.0, rng.normal(0, 0.3, 2)
    while now_s < frame_s[-1] + 1:
        gaze[frame_s >= now_s] = target
        now_s += rng.exponential(1.2) + 0.2
        target = rng.normal(0, 0.45, 2)
    return np.clip(gaze, -1, 1)
