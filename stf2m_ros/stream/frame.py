"""One camera image and its time; its pixels are made only when somebody looks."""

from dataclasses import dataclass
from typing import Callable

import numpy as np


@dataclass(frozen=True)
class Frame:
    """An image that was taken at stamp_s.

    read() returns RGB (H, W, 3) uint8. It is called for the frames that are used, ten a second, so that the
    others of a 30 Hz camera are never decoded or converted. It may raise ValueError for an image that lies.
    """

    stamp_s: float
    read: Callable[[], np.ndarray]
