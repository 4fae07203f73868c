"""What the window head says of each segment, as probabilities."""

from dataclasses import dataclass
from typing import Mapping

import numpy as np

from stf2m_ros.emotions import NUM_CLASSES, NUM_EMOTION_CLASSES
from stf2m_ros.fuzzy.components import NUM_COMPONENTS


class NotFinite(RuntimeError):  # noqa: N818, it says what is wrong
    """The window head said what is no number."""


@dataclass(frozen=True)
class SegmentValues:
    """What the head says of each segment. Arrays by segment, oldest first."""

    probabilities: np.ndarray  # (S, 19)
    memberships: np.ndarray  # (S, 18)
    components: np.ndarray  # (S, 12)
    firing: np.ndarray  # (S, rules)

    @classmethod
    def from_head(cls, outputs: Mapping[str, np.ndarray], temperature: float, rules: int) -> "SegmentValues":
        """outputs: the window head's, with a leading batch of 1; of its rows of rules only the first `rules` are real.

        Probabilities = softmax(logits / temperature). Raises NotFinite.
        """
        expect_finite(outputs)
        return cls(
            probabilities=softmax(outputs["logits"][0] / np.float32(temperature)),
            memberships=_between(0, outputs["memberships"][0, :, :NUM_EMOTION_CLASSES], 1),
            components=_between(-1, outputs["components"][0], 1),
            firing=_between(0, outputs["firing"][0, :, :rules], 1),
        )

    @classmethod
    def nothing(cls, segments: int) -> "SegmentValues":
        """What is said of a window in which nobody was seen or heard: the head is not asked."""
        widths = (NUM_CLASSES, NUM_EMOTION_CLASSES, NUM_COMPONENTS, 0)
        return cls(*(np.zeros((segments, width), np.float32) for width in widths))


def expect_finite(outputs: Mapping[str, np.ndarray]) -> None:
    """Raises NotFinite for what an engine gives that overflowed or was fed such: it would pass for a first class."""
    if not np.isfinite(outputs["logits"]).all():
        raise NotFinite("expected finite logits of the window head, found NaN or infinity")


def _between(least: float, values: np.ndarray, most: float) -> np.ndarray:
    # On arrays as small as these np.clip is mostly the way to it.
    return np.minimum(np.maximum(values, np.float32(least)), np.float32(most))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
