"""Films of generated people as a robot's camera sees them: whole pictures, from several angles, with their words."""

from dataclasses import dataclass, replace
from typing import Iterator, Tuple

import cv2
import numpy as np

from stf2m_ros.data.clip import LabelInterval, TimedWord
from stf2m_ros.data.generated_faces.camera import Pose, draw_background, put_before, turn_and_crop
from stf2m_ros.data.generated_faces.clip import labels_of, perform, shown_units
from stf2m_ros.data.generated_faces.expression import smooth_noise
from stf2m_ros.data.generated_faces.light import draw_light
from stf2m_ros.data.generated_faces.pose import draw_gaze, draw_pose
from stf2m_ros.data.generated_faces.rendering import FacePainter
from stf2m_ros.data.generated_faces.scene import SCENE_PAINTING
from stf2m_ros.data.generated_faces.settings import GeneratorSettings

WIDTH_PX, HEIGHT_PX = 640, 360
FRAMES_PER_S = 10.0  # as many as the robot looks at
YAWS_DEG, PITCHES_DEG = (0, -12, 12, -24, 24), (0, -8, 8, 12)


@dataclass(frozen=True)
class Film:
    """The truth of a film, and its pictures, painted while they are read."""

    name: str
    subject: str
    angle: str
    labels: Tuple[LabelInterval, ...]
    words: Tuple[TimedWord, ...]
    seed: int
    duration_s: float

    def pictures(self) -> Iterator[Tuple[float, np.ndarray]]:
        """Stamp and RGB (HEIGHT_PX, WIDTH_PX, 3) uint8 of each frame."""
        settings = _settings(self.duration_s)
        rng = np.random.default_rng([self.seed, 13])
        performance = perform(settings, rng)
        painter = FacePainter(performance.identity, draw_light(rng), SCENE_PAINTING)
        prepared = painter.prepare(shown_units(performance), draw_gaze(performance.frame_s, rng))
        pose = _turned(draw_pose(performance.frame_s, rng).calmed(), *angle_of(self.seed))
        room = cv2.resize(draw_background(96, rng), (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
        lefts = _lefts(performance.frame_s, rng)
        for index, stamp_s in enumerate(performance.frame_s):
            size, reach = SCENE_PAINTING.size_px, SCENE_PAINTING.reach
            head = turn_and_crop(
                painter.paint(prepared, index), painter.height, SCENE_PAINTING, pose, index, size, reach
            )
            yield float(stamp_s), _put_into(room, head, int(lefts[index]))


def film(seed: int, duration_s: float = 30.0) -> Film:
    """The film of a seed. Other seeds are other performances; neighbouring ones are seen from other angles."""
    settings = _settings(duration_s)
    performance = perform(settings, np.random.default_rng([seed, 13]))
    yaw_deg, pitch_deg = angle_of(seed)
    return Film(
        name=f"film-{seed}",
        subject=performance.subject,
        angle=f"{yaw_deg:+d}°, {pitch_deg:+d}°",
        labels=labels_of(performance.extents, settings),
        words=performance.words,
        seed=seed,
        duration_s=duration_s,
    )


def angle_of(seed: int) -> Tuple[int, int]:
    """Yaw and pitch in degrees from which a film is seen: 20 angles in turn."""
    place = seed % (len(YAWS_DEG) * len(PITCHES_DEG))
    return YAWS_DEG[place % len(YAWS_DEG)], PITCHES_DEG[place // len(YAWS_DEG)]


def _settings(duration_s: float) -> GeneratorSettings:
    return GeneratorSettings(people="test", duration_s=duration_s, frames_per_s=FRAMES_PER_S)


def _turned(pose: Pose, yaw_deg: int, pitch_deg: int) -> Pose:
    return replace(pose, yaw=pose.yaw + np.deg2rad(yaw_deg), pitch=pose.pitch + np.deg2rad(pitch_deg))


def _lefts(frame_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    drift = 0.5 + 0.15 * smooth_noise(len(frame_s), 0.3, frame_s, rng)[:, 0]
    return np.rint(np.clip(drift, 0, 1) * (WIDTH_PX - SCENE_PAINTING.size_px)).astype(int)


def _put_into(room: np.ndarray, head: np.ndarray, left: int) -> np.ndarray:
    """The painting ends at the shoulders: they stand on the lower edge."""
    image, side = room.copy(), head.shape[0]
    part = image[HEIGHT_PX - side :, left : left + side]
    part[:] = put_before(head, np.ascontiguousarray(part))
    return image
