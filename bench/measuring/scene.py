"""A person who talks before a camera, generated: endless, of any size, the same each time."""

import numpy as np

from stf2m_ros.data.generated_faces.clip import generate_clip
from stf2m_ros.data.generated_faces.settings import GeneratorSettings

FACE_SHARE = 0.55  # of the image's height
SEED = 6


class TalkingScene:
    """RGB uint8 images of a face before a wall, played forward and backward so that nothing ever jumps."""

    def __init__(self, width: int, height: int, rate: float, seconds: float) -> None:
        """Makes rate * seconds images and keeps them, so that a benchmark does not measure their making."""
        side = round(FACE_SHARE * height)
        settings = GeneratorSettings(
            duration_s=seconds, frames_per_s=rate, size_px=side, occluded_share=0, poor_camera_share=0
        )
        faces = generate_clip(SEED, settings).frames
        wall = np.random.RandomState(SEED).randint(90, 130, (height, width, 1)).astype(np.uint8).repeat(3, axis=2)
        self._images = [_composed(wall, face, place / len(faces)) for place, face in enumerate(faces)]

    def image(self, number: int) -> np.ndarray:
        """The image of that number, (height, width, 3); not to be written to."""
        last = len(self._images) - 1
        return self._images[abs((number + last) % (2 * last) - last)]


def _composed(wall: np.ndarray, face: np.ndarray, progress: float) -> np.ndarray:
    """The face somewhat left to somewhat right of the middle."""
    height, width = wall.shape[:2]
    side = len(face)
    top, left = (height - side) // 2, round((width - side) * (0.4 + 0.2 * progress))
    image = wall.copy()
    image[top : top + side, left : left + side] = face
    return image
