"""Small pictures for finding and knowing a face: large ones are not read whole for them."""

import cv2
import numpy as np

_READ = 3  # pixels each way for one of the small picture; nine of them average the camera's noise away


def shrunk(image: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """The image (H, W, C) uint8 averaged to (rows, columns, C), from at most nine of its pixels for each.

    The time is then the small picture's, however large the image is. Not for what the network sees: see
    frame_preprocessing.crop_face.
    """
    most_rows, most_columns = min(image.shape[0], _READ * rows), min(image.shape[1], _READ * columns)
    if (most_rows, most_columns) != image.shape[:2]:
        image = cv2.resize(image, (most_columns, most_rows), interpolation=cv2.INTER_NEAREST)
    return cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
