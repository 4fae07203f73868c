"""One generated clip: a person, a camera, emotions that come and go, words, and the ground truth of it all."""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval
from stf2m_ros.data.generated_faces.action_units import ACTION_UNITS, FULL_SCORE, IMAGE_LEFT, IMAGE_RIGHT
from stf2m_ros.data.generated_faces.camera import Development, draw_background, draw_camera, put_before, turn_and_crop
from stf2m_ros.data.generated_faces.canvas import CanvasGrid
from stf2m_ros.data.generated_faces.expression import (
    classes_from_extents,
    extents_over_time,
    plan_episodes,
    units_from_extents,
)
from stf2m_ros.data.generated_faces.identity import Identity, draw_identity
from stf2m_ros.data.generated_faces.interference import draw_interference
from stf2m_ros.data.generated_faces.light import draw_light
from stf2m_ros.data.generated_faces.occlusion import draw_occlusion, paint_occlusion
from stf2m_ros.data.generated_faces.pose import draw_gaze, draw_pose
from stf2m_ros.data.generated_faces.rendering import FacePainter
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.data.generated_faces.speech import add_speech, draw_text_mode, speak, speech_units
from stf2m_ros.data.generated_faces.style import Style, draw_style
from stf2m_ros.fuzzy.components import COMPONENTS, states_from_action_units

PAINTING = CanvasGrid(size_px=144, reach=1.3)


@dataclass(frozen=True)
class Truth:
    """What only the generator knows of a clip.

    action_units: (T, U, 2) scores 0 to 5 above the person's neutral face, speech included; viewer's left and right.
    extents: (T, 6) how far each emotion has gone, 1 being the person's fullest.  frame_classes: (T,) by frame.
    boundaries_s: where the label changes.  text_mode: whether words agree with the face, contradict it, or are neutral.
    """

    action_units: np.ndarray
    extents: np.ndarray
    frame_classes: np.ndarray
    boundaries_s: Tuple[float, ...]
    text_mode: str


@dataclass(frozen=True)
class GeneratedClip(Clip, Truth):  # the last base's fields come first, so that none without a default follows one with
    """A clip whose truth is known. To be made with names, as Clip is."""


@dataclass(frozen=True)
class Performance:
    """What one person does, before any camera."""

    identity: Identity
    style: Style
    frame_s: np.ndarray
    extents: np.ndarray
    units: np.ndarray  # (T, U, 2) in [0, 1] above neutral
    words: tuple
    text_mode: str
    subject: str

    @property
    def frame_classes(self) -> np.ndarray:
        """(T,) class index of each frame."""
        return classes_from_extents(self.extents)


def generate_clip(seed: int, settings: GeneratorSettings) -> GeneratedClip:
    """The clip of a seed; the same seed and settings give the same clip, pixel by pixel.

    Labels lie on multiples of settings.segment_s: the class of the segment's mean extents.
    """
    rng = np.random.default_rng([seed, settings.first_identity])
    performance = perform(settings, rng)
    frames = film(performance, settings, rng)
    labels = labels_of(performance.extents, settings)
    return GeneratedClip(
        clip_id=f"generated-{settings.people}-{seed}",
        subject=performance.subject,
        frames=frames,
        frame_s=performance.frame_s,
        words=performance.words,
        labels=labels,
        components=components_of(performance.units),
        action_units=(FULL_SCORE * performance.units).astype(np.float32),
        extents=performance.extents,
        frame_classes=performance.frame_classes,
        boundaries_s=tuple(label.start_s for label in labels[1:]),
        text_mode=performance.text_mode,
    )


def perform(settings: GeneratorSettings, rng: np.random.Generator) -> Performance:
    """Choose a person, and let that person feel and speak. Frames lie on multiples of the frame time."""
    identity_seed = settings.first_identity + int(rng.integers(settings.identity_count))
    person = np.random.default_rng([identity_seed, 7])
    identity, style = draw_identity(person), draw_style(person)
    frame_s = np.arange(settings.frame_count) / settings.frames_per_s
    episodes = plan_episodes(style, settings, rng)
    extents = extents_over_time(episodes, frame_s, rng)
    mode = draw_text_mode(settings, rng)
    words = speak(episodes, mode, settings.duration_s, rng)
    units = add_speech(units_from_extents(style, extents, frame_s, rng), speech_units(words, frame_s, rng))
    return Performance(identity, style, frame_s, extents, units, words, mode, f"generated-{identity_seed}")


def film(performance: Performance, settings: GeneratorSettings, rng: np.random.Generator) -> np.ndarray:
    """(T, size, size, 3) RGB uint8 face crops of a performance, by a random camera."""
    painter = FacePainter(performance.identity, draw_light(rng), PAINTING)
    pose, gaze = draw_pose(performance.frame_s, rng), draw_gaze(performance.frame_s, rng)
    prepared = painter.prepare(shown_units(performance), gaze)
    background = draw_background(settings.size_px, rng)
    occlusion = draw_occlusion(performance.identity, settings, rng)
    develop = Development(draw_camera(settings, rng), settings.size_px, rng)
    veils = draw_interference(settings, rng)
    frames = np.empty((settings.frame_count, settings.size_px, settings.size_px, 3), np.uint8)
    for index, stamp_s in enumerate(performance.frame_s):
        painted = painter.paint(prepared, index)
        if occlusion is not None and occlusion.hides_at(stamp_s):
            paint_occlusion(painted, occlusion, PAINTING, stamp_s)
        crop = turn_and_crop(painted, painter.height, PAINTING, pose, index, settings.size_px)
        view = put_before(crop, background)
        for veil in veils:
            view = veil.over(view, stamp_s)
        frames[index] = develop(view, index)
    return frames


def shown_units(performance: Performance) -> np.ndarray:
    """(T, U, 2) units as they are seen: what the neutral face shows already, and the expression on top."""
    resting = performance.style.resting
    return resting + performance.units * (1 - resting)


def labels_of(extents: np.ndarray, settings: GeneratorSettings) -> Tuple[LabelInterval, ...]:
    """Neighbouring segments of one class merged; a segment's class is that of its mean extents (T, 6)."""
    frames_per_segment = settings.segment_s * settings.frames_per_s
    segment = (np.arange(len(extents)) / frames_per_segment + 1e-9).astype(int)
    means = np.stack([extents[segment == number].mean(axis=0) for number in range(segment[-1] + 1)])
    classes = classes_from_extents(means)
    starts = np.flatnonzero(np.diff(classes, prepend=-1))
    ends = np.append(starts[1:], len(classes))
    return tuple(
        LabelInterval(
            int(classes[start]), start * settings.segment_s, min(end * settings.segment_s, settings.duration_s)
        )
        for start, end in zip(starts, ends)
    )


def components_of(units: np.ndarray) -> np.ndarray:
    """(T, 12) component states of units (T, U, 2) in [0, 1]; each side from its own units."""
    by_side = [
        states_from_action_units({unit: FULL_SCORE * units[:, row, side] for row, unit in enumerate(ACTION_UNITS)})
        for side in (IMAGE_LEFT, IMAGE_RIGHT)
    ]
    states = (by_side[0] + by_side[1]) / 2
    for column, name in enumerate(COMPONENTS):
        # Left and right are the person's own; the viewer sees them the other way round.
        if name.startswith("left_"):
            states[:, column] = by_side[IMAGE_RIGHT][:, column]
        elif name.startswith("right_"):
            states[:, column] = by_side[IMAGE_LEFT][:, column]
    return states.astype(np.float32)
