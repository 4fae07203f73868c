"""A whole camera picture with a generated person in it: a film and its transcript, for trying the robot out."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np

from stf2m_ros.data.clip import LabelInterval, TimedWord
from stf2m_ros.data.generated_faces.camera import draw_background, put_before, turn_and_crop
from stf2m_ros.data.generated_faces.canvas import CanvasGrid
from stf2m_ros.data.generated_faces.clip import Performance, labels_of, perform, shown_units
from stf2m_ros.data.generated_faces.expression import smooth_noise
from stf2m_ros.data.generated_faces.light import Light
from stf2m_ros.data.generated_faces.pose import draw_gaze, draw_pose
from stf2m_ros.data.generated_faces.rendering import FacePainter
from stf2m_ros.data.generated_faces.settings import GeneratorSettings

SCENE_PAINTING = CanvasGrid(size_px=288, reach=1.35)
DAYLIGHT = Light(direction=(-0.3, -0.4, 0.87), ambient=0.55, colour=(1.02, 1.0, 0.97), crease_depth=1.1, brightness=190)
MAX_WORDS_PER_LINE = 8
LINE_GAP_S = 0.3


@dataclass(frozen=True)
class SceneSettings:
    """A film of one person who moves before a room."""

    width_px: int = 640
    height_px: int = 360
    frames_per_s: float = 30.0
    duration_s: float = 40.0
    people: str = "test"
    codec: str = "mp4v"

    def __post_init__(self) -> None:
        if min(self.width_px, self.height_px) < SCENE_PAINTING.size_px:
            found = f"{self.width_px}x{self.height_px}"
            raise ValueError(f"a scene is at least {SCENE_PAINTING.size_px} px wide and high, found {found}")


@dataclass(frozen=True)
class Scene:
    """The truth that belongs to a film. boxes: (T, 4) x, y, w, h in pixels, where a detector would see the face."""

    labels: Tuple[LabelInterval, ...]
    words: Tuple[TimedWord, ...]
    boxes: np.ndarray


def write_scene_video(path: Path, seed: int, settings: SceneSettings = SceneSettings()) -> Scene:
    """Write a film and, beside it with the suffix .srt, its transcript.

    Raises OSError when this OpenCV cannot write the codec.
    """
    rng = np.random.default_rng([seed, 11])
    acted = GeneratorSettings(
        people=settings.people,
        duration_s=settings.duration_s,
        frames_per_s=settings.frames_per_s,
        emotional_words_share=1.0,
        contradicting_words_share=0.0,
    )
    performance = perform(acted, rng)
    boxes = _film(Path(path), performance, settings, rng)
    Path(path).with_suffix(".srt").write_text(transcript_srt(performance.words), encoding="utf-8")
    return Scene(labels_of(performance.extents, acted), performance.words, boxes)


def _film(path: Path, performance: Performance, settings: SceneSettings, rng: np.random.Generator) -> np.ndarray:
    size = (settings.width_px, settings.height_px)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*settings.codec), settings.frames_per_s, size)
    if not writer.isOpened():
        raise OSError(f"{path}: this OpenCV cannot write a film with codec {settings.codec!r}")
    try:
        return _write_frames(writer, performance, settings, rng)
    finally:
        writer.release()


def _write_frames(
    writer: cv2.VideoWriter, performance: Performance, settings: SceneSettings, rng: np.random.Generator
) -> np.ndarray:
    painter = FacePainter(performance.identity, DAYLIGHT, SCENE_PAINTING)
    prepared = painter.prepare(shown_units(performance), draw_gaze(performance.frame_s, rng))
    pose = draw_pose(performance.frame_s, rng).calmed()
    room = cv2.resize(draw_background(96, rng), (settings.width_px, settings.height_px), interpolation=cv2.INTER_CUBIC)
    corners = _places(performance.frame_s, settings, rng)
    for index, corner in enumerate(corners):
        size = SCENE_PAINTING.size_px
        head = turn_and_crop(
            painter.paint(prepared, index), painter.height, SCENE_PAINTING, pose, index, size, SCENE_PAINTING.reach
        )
        writer.write(cv2.cvtColor(_put_into(room, head, corner), cv2.COLOR_RGB2BGR))
    side = 2 / 1.2 / 1.017 * SCENE_PAINTING.px_per_unit
    centres = corners + (np.array([0.0, -0.06]) + SCENE_PAINTING.reach) * SCENE_PAINTING.px_per_unit
    return np.concatenate([centres - side / 2, np.full_like(centres, side)], axis=1)


def _put_into(room: np.ndarray, head: np.ndarray, corner: np.ndarray) -> np.ndarray:
    left, top = corner
    height, width = head.shape[:2]
    image = room.copy()
    beneath = np.ascontiguousarray(image[top : top + height, left : left + width])
    image[top : top + height, left : left + width] = put_before(head[: beneath.shape[0]], beneath)
    return image


def _places(frame_s: np.ndarray, settings: SceneSettings, rng: np.random.Generator) -> np.ndarray:
    """(T, 2) int left and top of the painting in the picture; the head drifts."""
    room = np.array([settings.width_px, settings.height_px]) - SCENE_PAINTING.size_px
    drift = 0.5 + 0.15 * smooth_noise(len(frame_s), 0.3, frame_s, rng, channels=2)
    # The painting ends at the shoulders: they have to stand on the lower edge, or a head would float.
    return np.rint(np.clip(drift, 0, 1) * room * [1, 0] + [0, room[1]]).astype(int)


def transcript_srt(words: Tuple[TimedWord, ...]) -> str:
    """The words as SubRip text, one line of speech per entry."""
    entries = []
    for number, line in enumerate(_lines(words), start=1):
        times = f"{_srt_time(line[0].start_s)} --> {_srt_time(line[-1].end_s)}"
        entries.append(f"{number}\n{times}\n{' '.join(word.text for word in line)}\n")
    return "\n".join(entries)


def _lines(words: Tuple[TimedWord, ...]) -> List[List[TimedWord]]:
    lines: List[List[TimedWord]] = []
    for word in words:
        follows = lines and word.start_s - lines[-1][-1].end_s < LINE_GAP_S and len(lines[-1]) < MAX_WORDS_PER_LINE
        if follows:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines


def _srt_time(stamp_s: float) -> str:
    total_ms = round(1000 * stamp_s)
    hours, rest = divmod(total_ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d},{rest % 1000:03d}"
