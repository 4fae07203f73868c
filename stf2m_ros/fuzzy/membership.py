"""The one membership function that both fuzzy systems use."""

from typing import Tuple, Union

import numpy as np

LEVEL_CENTRES: Tuple[float, float, float] = (1.0, 0.5, 0.0)
"""Eccentricity at the centre of low, medium, high. Source: METHOD section 2."""

HALF_WIDTH = 1.96
"""Standard deviations in half of a Gaussian's middle 95 %."""

COMPONENT_RANGE, INTENSITY_RANGE = 0.4, 0.4
"""The ranges r_c of a component's terms and r_k of the levels, where training has fitted no others."""

NEUTRAL_ECCENTRICITY = 1.5
"""Eccentricity of a neutral face; the fullest expression has 0. Source: METHOD section 3, step 3 (ours)."""

ArrayOrFloat = Union[float, np.ndarray]


def membership(value: ArrayOrFloat, centre: ArrayOrFloat, range_: float) -> ArrayOrFloat:
    """How far a value belongs to the term at `centre`: a Gaussian whose 95 % half-width is `range_`.

    Shapes broadcast. Returns 0 to 1.  Source: METHOD section 2 (the form is ours; it gives the paper's worked value).
    """
    return np.exp(-0.5 * (HALF_WIDTH / range_) ** 2 * np.square(value - centre))


def eccentricity(extent: ArrayOrFloat) -> ArrayOrFloat:
    """How far from its fullest form an expression of this extent (0 to 1) is: 0 to 1.5.

    Source: METHOD section 3, step 3 (ours).
    """
    return NEUTRAL_ECCENTRICITY * (1.0 - extent)
