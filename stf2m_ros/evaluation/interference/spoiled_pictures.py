"""A picture as the robot would see it behind the interference."""

from typing import Optional

import numpy as np

from stf2m_ros.evaluation.interference.corruptions import DRAWN, Corruption, Moment


def spoiled(image_rgb: np.ndarray, moment: Moment, how: Corruption) -> Optional[np.ndarray]:
    """The changed picture (H, W, 3) uint8 RGB, a new array; the same one unchanged; None where the frame is dropped."""
    if how.drops(moment):
        return None
    if how.level == 0 or how.kind not in DRAWN:
        return image_rgb
    from stf2m_ros.evaluation.interference.drawn_corruptions import draw  # its library takes seconds to load

    return draw(image_rgb, moment, how)
