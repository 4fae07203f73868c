"""One spoken word and when it was spoken."""

import math
from dataclasses import dataclass, field, replace
from typing import Sequence, Tuple


@dataclass(frozen=True)
class TimedWord:
    """One spoken word. Seconds on the clock of its source: message stamps, or from a clip's start.

    begins: an utterance begins with it. Not told by every source, and no part of what the word is.
    """

    text: str
    start_s: float
    end_s: float
    begins: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)

    def overlaps(self, start_s: float, end_s: float) -> bool:
        """Whether any of the word, which may be a mere instant, lies in [start_s, end_s)."""
        return self.start_s < end_s and (self.end_s > start_s or self.start_s >= start_s)


def as_utterance(words: Sequence[TimedWord]) -> Tuple[TimedWord, ...]:
    """The words, of which the first now begins an utterance."""
    return tuple(replace(word, begins=place == 0) for place, word in enumerate(words))


def check_span(start_s: float, end_s: float) -> None:
    """Raise ValueError for a span of time that is not finite or ends before it starts."""
    if not (math.isfinite(start_s) and math.isfinite(end_s) and start_s <= end_s):
        raise ValueError(f"expected finite start_s <= end_s, found {start_s} and {end_s}")
