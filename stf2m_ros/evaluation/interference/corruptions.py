"""What goes wrong in front of a camera, at a given level, the same for the same seed and clip.

Pictures are changed before the robot's own preprocessing. Areas are of the face crop, which is what a mask hides.
What the levels mean, 0 to 1:
    fog         share of the light that is the fog's, on average over the picture
    block_mask  share of the area under one rectangle
    patch_mask  share of the area under many small squares: drops, dirt, hair
    face_mask   share of the area under a surgical mask, drawn from below
    distortion  share of the samples (half a second each) that a lens bends and a motion blurs
    low_light   share of the light that is lost; the sensor's noise grows with it
    words       share of the words that are masked
    frames      share of the frames that are dropped
"""

import hashlib
from dataclasses import dataclass
from typing import Optional, Tuple

DRAWN = ("fog", "block_mask", "patch_mask", "face_mask", "distortion", "low_light")
WORDS, FRAMES = "words", "frames"
KINDS = (*DRAWN, WORDS, FRAMES)

SAMPLE_S = 0.5
"""A sample of the paper is what carries one label; here that is a segment."""
LEVELS = (0.0, 0.1, 0.3, 0.5)


@dataclass(frozen=True)
class Corruption:
    """One kind of interference at one level."""

    kind: str
    level: float
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, found {self.kind!r}")
        if not 0 <= self.level < 1:
            raise ValueError(f"level: expected 0 to 1, found {self.level}")

    def drops(self, moment: "Moment") -> bool:
        """Whether the frame never comes."""
        return self.kind == FRAMES and self._lot(moment.clip, moment.index) < self.level

    def keeps_word(self, clip: str, place: int) -> bool:
        """Whether the clip's word of that number is still heard."""
        return self.kind != WORDS or self._lot(clip, place) >= self.level

    def hits(self, moment: "Moment") -> bool:
        """Whether the moment lies in one of the samples that are hit. What is hit at a level is hit at higher ones."""
        return self._lot(moment.clip, int(moment.stamp_s / SAMPLE_S + 1e-6)) < self.level

    def random_seed(self, *parts: object) -> int:
        """A number of its own for each kind, seed and parts; the level has no part in it."""
        digest = hashlib.sha256(repr((self.kind, self.seed, *parts)).encode()).digest()
        return int.from_bytes(digest[:4], "big")

    def _lot(self, *parts: object) -> float:
        return self.random_seed(*parts) / 2**32


@dataclass(frozen=True)
class Moment:
    """Which picture it is. face: the square x, y, side in pixels that is cut out; None: the whole picture."""

    clip: str
    index: int
    stamp_s: float
    face: Optional[Tuple[float, float, float]] = None


CLEAN = Corruption("fog", 0.0)
