"""Numbers of a configuration that cannot be computed with are told when it is read, not after hours."""

import math
import sys

ABOVE_ZERO = sys.float_info.min
"""The least of what may not be zero."""


def require_between(settings: object, low: float, high: float, *names: str) -> None:
    """Raises ValueError for the first of these fields that is no number from low to high (math.inf: any above)."""
    for name in names:
        value = getattr(settings, name)
        if not (low <= value <= high and math.isfinite(value)):
            least = "above 0" if low == ABOVE_ZERO else f"{low:g} or more"
            raise ValueError(f"{name}: expected {least if high == math.inf else f'{low:g} to {high:g}'}, found {value}")


def require_shares(settings: object, *names: str) -> None:
    """Raises ValueError for the first of these fields that does not lie in 0 to 1."""
    require_between(settings, 0, 1, *names)
