"""What kind of clips the generator makes."""

from dataclasses import dataclass, fields

from stf2m_ros.stream.checked_numbers import require_shares

PEOPLE = {
    "train": (0, 1_000_000),
    "validation": (1_000_000, 100_000),
    "test": (2_000_000, 100_000),
    "windows": (3_000_000, 1_000_000),  # for stage 2 of training: people whom stage 1 never saw
}
"""First identity seed and number of identity seeds of each part; nobody is in two of them."""

PLANS = ("episodes", "rise")

GENERATOR_VERSION = 4
"""Counted up when a seed and its settings give another clip, so that what stands of an older one is drawn anew."""


@dataclass(frozen=True)
class GeneratorSettings:
    """Settings of generate_clip. Shares are probabilities per clip.

    plan: "episodes" is talk with several emotions and neutral between; "rise" goes once from neutral to the apex.
    """

    people: str = "train"
    identities: int = 4000  # how many different persons; capped by the part's seeds
    plan: str = "episodes"
    duration_s: float = 30.0
    frames_per_s: float = 10.0
    segment_s: float = 0.5
    size_px: int = 112
    occluded_share: float = 0.15
    covered_share: float = 0.0  # something large stands before the camera
    foggy_share: float = 0.0
    poor_camera_share: float = 0.5
    grey_share: float = 0.4
    emotional_words_share: float = 0.5
    contradicting_words_share: float = 0.15

    def __post_init__(self) -> None:
        if self.people not in PEOPLE:
            raise ValueError(f"people must be one of {sorted(PEOPLE)}, found {self.people!r}")
        if self.plan not in PLANS:
            raise ValueError(f"plan must be one of {PLANS}, found {self.plan!r}")
        if not 0 < self.segment_s <= self.duration_s:
            raise ValueError(f"duration_s must be at least segment_s={self.segment_s}, found {self.duration_s}")
        if self.frame_count < 1:
            raise ValueError(f"frames_per_s must give {self.duration_s:g} s a frame or more, found {self.frames_per_s}")
        require_shares(self, *(each.name for each in fields(self) if each.name.endswith("_share")))
        if self.emotional_words_share + self.contradicting_words_share > 1:
            raise ValueError("emotional_words_share and contradicting_words_share together exceed 1")

    @property
    def frame_count(self) -> int:
        return round(self.duration_s * self.frames_per_s)

    @property
    def first_identity(self) -> int:
        return PEOPLE[self.people][0]

    @property
    def identity_count(self) -> int:
        return min(self.identities, PEOPLE[self.people][1])
