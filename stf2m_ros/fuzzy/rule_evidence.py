"""Fired rules as evidence: how likely each emotion is by them. Source: METHOD section 3; this use of them is ours.

The harder a rule fires the more it is believed, as far as it was right on generated faces (`SHARPNESS`), less the
`DOUBT` that real faces are read as well as those.
"""

import numpy as np

from stf2m_ros.fuzzy.inference import LEAST_VALUE

SHARPNESS, DOUBT = 2.5, 0.2
"""SHARPNESS: `python bench/rule_trust.py` finds it on generated faces, clean and 30 % covered. DOUBT: chosen on CK+."""


def rule_evidence(fired: np.ndarray) -> np.ndarray:
    """(..., E) how hard a rule of each emotion fires, in [0, 1] -> (..., E) logarithms about their mean.

    Zeros where no rule fires.
    """
    likely = np.log((1 - DOUBT) * believed(fired, SHARPNESS) + DOUBT / fired.shape[-1])
    evidence = likely - likely.mean(axis=-1, keepdims=True)
    return evidence * (fired.max(axis=-1, keepdims=True) > LEAST_VALUE)


def believed(fired: np.ndarray, sharpness: float) -> np.ndarray:
    """(..., E) -> (..., E) probabilities: the shares of what fires, to the power of `sharpness`."""
    powers = (fired + LEAST_VALUE) ** sharpness
    return powers / powers.sum(axis=-1, keepdims=True)
