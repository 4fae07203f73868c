"""When the cropper looks for faces, and whom it believes."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class CropperSettings:
    """Scores are the tracker's correlations, likenesses those of face_likeness.py."""

    detect_every_s: float = 0.8  # while a face is followed
    search_every_s: float = 0.4  # while none is
    unconfirmed_s: float = 4.0  # how long a face is followed that the detector does not see, such as a turned head
    switch_after_s: float = 5.0  # absence after which another person is taken up
    hold_score: float = 0.6  # below it the tracker has lost the face
    trusted_score: float = 0.8  # below it the detector is asked at once
    other_likeness: float = 0.46  # below it what the tracker holds is not their face any more
    same_likeness: float = 0.60  # a face where the followed one can be is taken for it from here on
    sure_likeness: float = 0.66  # a face anywhere is
    position_share: float = 0.7  # of the way that the box follows the face per image
    size_share: float = 0.3

    def __post_init__(self) -> None:
        times = (self.detect_every_s, self.search_every_s, self.unconfirmed_s, self.switch_after_s)
        if min(times) < 0 or not all(math.isfinite(time_s) for time_s in times):
            raise ValueError(f"expected times of at least 0 s, found {times}")
        if not -1 <= self.hold_score <= self.trusted_score <= 1:
            raise ValueError(f"expected hold_score up to trusted_score={self.trusted_score}, found {self.hold_score}")
        likenesses = (self.other_likeness, self.same_likeness, self.sure_likeness)
        if list(likenesses) != sorted(likenesses) or not 0 <= self.other_likeness <= self.sure_likeness <= 1:
            raise ValueError(f"expected other, same and sure likeness to ascend between 0 and 1, found {likenesses}")
        if not (0 < self.position_share <= 1 and 0 < self.size_share <= 1):
            raise ValueError(f"expected shares above 0, up to 1, found {self.position_share} and {self.size_share}")
