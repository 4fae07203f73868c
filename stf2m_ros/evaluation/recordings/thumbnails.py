"""Small pictures of the followed person, for the top of a timeline."""

from pathlib import Path
from typing import List, Sequence, Tuple

import cv2
import numpy as np

from stf2m_ros.evaluation.recordings.timeline import Thumbnail

SIZE_PX = 88
FACE_MARGIN = 1.7  # side of the picture as a multiple of the face box
NEAREST_BOX_S = 1.0
StampedBox = Tuple[float, Tuple[int, int, int, int]]


def read_thumbnails(video: Path, boxes: Sequence[StampedBox], length_s: float, count: int = 11) -> List[Thumbnail]:
    """Pictures at even times of a video. boxes: (seconds from the clip's start, x y width height) of the face.

    Returns fewer, or none, where the file cannot be read there.
    """
    capture = cv2.VideoCapture(str(video))
    thumbnails = []
    for stamp_s in (np.arange(count) + 0.5) * length_s / count:
        capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * stamp_s)
        read, image = capture.read()
        if read:
            square = _square(image, boxes, stamp_s)
            small = cv2.resize(square, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
            thumbnails.append(Thumbnail(float(stamp_s), cv2.cvtColor(small, cv2.COLOR_BGR2RGB)))
    capture.release()
    return thumbnails


def _square(image: np.ndarray, boxes: Sequence[StampedBox], stamp_s: float) -> np.ndarray:
    """Around the face where it is known, else the middle of the image."""
    height, width = image.shape[:2]
    near = min(boxes, key=lambda each: abs(each[0] - stamp_s), default=None)
    if near is None or abs(near[0] - stamp_s) > NEAREST_BOX_S:
        side, centre_x, centre_y = min(height, width), width / 2, height / 2
    else:
        x, y, box_width, box_height = near[1]
        side = min(height, width, round(FACE_MARGIN * box_width))
        centre_x, centre_y = x + box_width / 2, y + box_height / 2
    left = int(np.clip(centre_x - side / 2, 0, width - side))
    top = int(np.clip(centre_y - side / 2, 0, height - side))
    return image[top : top + side, left : left + side]
