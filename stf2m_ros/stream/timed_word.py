"""One spoken word and when it was spoken."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class TimedWord:
    """One spoken word. Seconds on the clock of its source: message stamps, or from a clip's start."""

    text: str
    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)

    def overlaps(self, start_s: float, end_s: float) -> bool:
        """Whether any of the word, which may be a mere instant, lies in [start_s, end_s)."""
        return self.start_s < end_s and (self.end_s > start_s or self.start_s >= start_s)


def check_span(start_s: float, end_s: float) -> None:
    """Raise ValueError for a span of time that is not finite or ends before it starts."""
    if not (math.isfinite(start_s) and math.isfinite(end_s) and start_s <= end_s):
        raise ValueError(f"expected finite start_s <= end_s, found {start_s} and {end_s}")
