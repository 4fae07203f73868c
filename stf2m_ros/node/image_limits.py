"""How large an image may be. Loads no OpenCV: that reads its own limit once, when it is loaded."""

import os

MAX_PIXELS = 100_000_000
"""Far above 8K (33 million); more is a broken header, and would eat the robot's memory."""


def limit_opencv() -> None:
    """From now on OpenCV refuses larger compressed images before it takes memory; call it before cv2 is loaded."""
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
