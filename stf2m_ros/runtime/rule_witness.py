"""The fuzzy rules are heard beside the network: what is answered is weighed by them, as the paper weighs by membership.

Both judge the same face, so they share one vote: a logarithmic opinion pool (Genest and Zidek 1986) over the emotions.
The network is surer of itself on faces unlike those it was trained on than it should be; the rules need no example.
Neutral and the levels stay the network's own, and all of it where no rule fires. Source: METHOD section 3; the pool is
ours.
"""

from dataclasses import replace

import numpy as np

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NUM_EMOTION_CLASSES
from stf2m_ros.fuzzy.inference import LEAST_VALUE
from stf2m_ros.fuzzy.rule_evidence import rule_evidence
from stf2m_ros.runtime.segment_values import SegmentValues

_LEAST = np.float32(1e-9)


def with_rules_heard(values: SegmentValues, held: np.ndarray, share: float) -> SegmentValues:
    """What both say. held: (T,) bool, slots with a face; rules judge a face, where none was seen they say nothing."""
    if not share:
        return values
    seen = held.reshape(len(values.memberships), -1).any(axis=1, keepdims=True)
    return replace(values, probabilities=weighed_by_rules(values.probabilities, values.memberships * seen, share))


def weighed_by_rules(probabilities: np.ndarray, memberships: np.ndarray, share: float) -> np.ndarray:
    """(S, 19) as the network says and (S, 18) fuzzy values -> (S, 19) as both say.

    share: of the rules in what is said among the emotions, in [0, 1).
    """
    by_level = probabilities[:, :NUM_EMOTION_CLASSES].reshape(-1, len(EMOTIONS), len(INTENSITIES))
    fired = memberships.reshape(by_level.shape).max(axis=-1)  # (S, 6)
    share = np.float32(share) * (fired.max(axis=-1, keepdims=True) > LEAST_VALUE)
    said = by_level.sum(axis=-1) + _LEAST  # of each emotion
    both = said ** (1 - share) * np.exp(share * rule_evidence(fired))
    weighed = (by_level * (both / said)[..., None]).reshape(-1, NUM_EMOTION_CLASSES)
    emotional = probabilities[:, :NUM_EMOTION_CLASSES].sum(axis=-1, keepdims=True)
    weighed *= emotional / (weighed.sum(axis=-1, keepdims=True) + _LEAST)
    return np.concatenate([weighed, probabilities[:, NUM_EMOTION_CLASSES:]], axis=-1)
