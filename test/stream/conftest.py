"""Faces drawn well enough for OpenCV's own cascades: the real detectors are tested without anybody's picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Sequence, Tuple

import cv2
import numpy as np
import pytest


@dataclass(frozen=True)
class DrawnPerson:
    skin: Tuple[int, int, int]
    hair: Tuple[int, int, int]
    face_width: float = 0.42
    brow_height: float = 0.1
    mouth_height: float = 0.3
    beard: bool = False
    curls: bool = False


ANNA = DrawnPerson(skin=(205, 160, 135), hair=(50, 35, 25))
BELA = DrawnPerson(
    skin=(160, 108, 62), hair=(20, 20, 22), face_width=0.46, brow_height=0.08, mouth_height=0.27, beard=True, curls=True
)


class Scene:
    """A noisy 640 x 360 room in which drawn people stand where they are put."""

    anna, bela = ANNA, BELA

    def __init__(self) -> None:
        self._draw = np.random.default_rng(3)

    def __call__(self, *people: Tuple[DrawnPerson, int, int, int], covered: Sequence[int] = ()) -> np.ndarray:
        """people: who, centre x, centre y, size in pixels.  covered: x, y, width, height of a grey board in front."""
        image = np.full((360, 640, 3), (70, 74, 80), np.uint8)
        cv2.rectangle(image, (40, 30), (150, 330), (95, 80, 60), -1)
        for person, x, y, size in people:
            _draw_face(image, person, x, y, size)
        if covered:
            x, y, width, height = covered
            cv2.rectangle(image, (x, y), (x + width, y + height), (110, 110, 110), -1)
        noisy = cv2.GaussianBlur(image, (0, 0), 2).astype(np.int16) + self._draw.integers(-4, 5, image.shape)
        return noisy.clip(0, 255).astype(np.uint8)

    @staticmethod
    def still(*people: Tuple[DrawnPerson, int, int, int]) -> np.ndarray:
        """A smooth 320 x 180 picture without noise, as a good encoder makes it."""
        image = np.full((180, 320, 3), 60, np.uint8)
        for person, x, y, size in people:
            _draw_face(image, person, x, y, size)
        return cv2.GaussianBlur(image, (0, 0), 1.2)


def _draw_face(image: np.ndarray, person: DrawnPerson, x: int, y: int, size: int) -> None:
    def oval(dx, dy, rx, ry, colour):
        centre = round(x + dx * size), round(y + dy * size)
        cv2.ellipse(image, centre, (round(rx * size), round(ry * size)), 0, 0, 360, colour, -1)

    shade = tuple(round(value * 0.65) for value in person.skin)
    oval(0, -0.12, person.face_width + 0.1, 0.66, person.hair)
    oval(0, 0, person.face_width, 0.58, person.skin)
    for side in (-0.19, 0.19):
        oval(side, -0.1, 0.11, 0.07, shade)
        oval(side, -0.1, 0.08, 0.035, (240, 240, 240))
        oval(side, -0.1, 0.035, 0.035, (40, 25, 20))
        oval(side, -0.1 - person.brow_height, 0.12, 0.03, person.hair)
    oval(0, 0.1, 0.06, 0.04, shade)
    if person.beard:
        stubble = tuple(round(0.8 * value) for value in person.skin)
        oval(0, 0.38, 0.3, 0.19, stubble)
        oval(0, 0.2, 0.18, 0.03, person.hair)
    if person.curls:
        for step in range(-4, 5):
            oval(step * 0.09, -0.46 + 0.012 * step * step, 0.06, 0.08, person.hair)
    oval(0, person.mouth_height, 0.17, 0.05, (150, 70, 70))


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def real_video():
    """Reads a real video, ten images a second; skips where the videos are not beside the checkout."""

    def read(name: str) -> Tuple[np.ndarray, ...]:
        path = Path(__file__).parents[3] / "shared/data/video" / name
        if not path.exists():
            pytest.skip(f"the real video {name} is not beside the checkout")
        video = cv2.VideoCapture(str(path))
        images, frames_per_s = [], video.get(cv2.CAP_PROP_FPS)
        while True:
            more, image = video.read()
            if not more:
                break
            images.append(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        return tuple(images[int(k * frames_per_s / 10)] for k in range(int(len(images) / frames_per_s * 10)))

    return read
