"""What a model said of labelled segments or sequences: the one form that every study computes its metrics from."""

from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional, Sequence

import numpy as np

from stf2m_ros.emotions import NUM_CLASSES


@dataclass(frozen=True)
class Scored:
    """K judged rows: segments of 0.5 s, or whole sequences where a set labels those.

    subjects, clips: (K,) str.  expected: (K,) index into CLASS_NAMES.
    probabilities: (K, 19), each row sums to 1, or is all 0 where the model said nothing (no face, no words).
    shares: (K, 19) how each label is shared among the classes, where a set says several at once or gives no level.
    facts: name -> (K,) str, what the set says of each row's person, such as "sex"; "" where it says nothing.
    start_s: (K,) where each segment begins in its clip, where that matters.
    """

    subjects: np.ndarray
    clips: np.ndarray
    expected: np.ndarray
    probabilities: np.ndarray
    shares: Optional[np.ndarray] = None
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)
    start_s: Optional[np.ndarray] = None

    def __post_init__(self) -> None:
        count = len(self.expected)
        rows = {"subjects": self.subjects, "clips": self.clips, "probabilities": self.probabilities, **self.facts}
        for name, values in rows.items():
            if len(values) != count:
                raise ValueError(f"{name}: expected {count} rows, found {len(values)}")
        if self.probabilities.shape != (count, NUM_CLASSES):
            raise ValueError(f"probabilities: expected {(count, NUM_CLASSES)}, found {self.probabilities.shape}")
        if count and not (self.expected.min() >= 0 and self.expected.max() < NUM_CLASSES):
            raise ValueError(f"expected: expected 0 to {NUM_CLASSES - 1}, found {self.expected.max()}")

    def __len__(self) -> int:
        return len(self.expected)

    def rows(self, chosen: np.ndarray) -> "Scored":
        """Some of the rows. chosen: (K,) bool, or indices."""
        return Scored(
            self.subjects[chosen],
            self.clips[chosen],
            self.expected[chosen],
            self.probabilities[chosen],
            None if self.shares is None else self.shares[chosen],
            {name: values[chosen] for name, values in self.facts.items()},
            None if self.start_s is None else self.start_s[chosen],
        )


def joined(parts: Sequence[Scored]) -> Scored:
    """All rows in one. Shares are made up for parts without them, where another part has some."""
    with_shares = any(part.shares is not None for part in parts)
    names = sorted({name for part in parts for name in part.facts})
    timed = all(part.start_s is not None for part in parts)
    return Scored(
        np.concatenate([part.subjects for part in parts]),
        np.concatenate([part.clips for part in parts]),
        np.concatenate([part.expected for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([shares_of(part) for part in parts]) if with_shares else None,
        {name: np.concatenate([part.facts.get(name, np.full(len(part), "")) for part in parts]) for name in names},
        np.concatenate([part.start_s for part in parts]) if timed else None,
    )


def shares_of(scored: Scored) -> np.ndarray:
    """(K, 19) the label as shares, all on the expected class where the set says no more."""
    return np.eye(NUM_CLASSES)[scored.expected] if scored.shares is None else scored.shares


def to_arrays(scored: Scored) -> Dict[str, np.ndarray]:
    """For np.savez: what `from_arrays` reads."""
    arrays = {name: getattr(scored, name) for name in ("subjects", "clips", "expected", "probabilities")}
    optional = {name: getattr(scored, name) for name in ("shares", "start_s") if getattr(scored, name) is not None}
    facts = {f"fact:{name}": np.asarray(values, str) for name, values in scored.facts.items()}
    return {**arrays, **optional, **facts}


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Scored:
    """The rows that `to_arrays` gave."""
    facts = {name.split(":", 1)[1]: arrays[name] for name in arrays if name.startswith("fact:")}
    plain = {name: arrays[name] for name in arrays if not name.startswith("fact:")}
    return Scored(**plain, facts=facts)
