"""Tells now and then how far a measurement is."""

import sys
import time

EVERY_S = 5.0


class Progress:
    """One line on a terminal, overwritten; a line of its own now and then elsewhere."""

    def __init__(self, what: str, whole: float, unit: str) -> None:
        self._what, self._whole, self._unit = what, whole, unit
        self._next_s = time.monotonic() + EVERY_S

    def tell(self, done: float) -> None:
        """Costs next to nothing while there is nothing new to say."""
        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + EVERY_S
        ending = "\r" if sys.stdout.isatty() else "\n"
        print(f"  {self._what}: {done:.0f} of {self._whole:.0f} {self._unit}", end=ending, flush=True)
