"""Ctrl-C while a process still loads its libraries."""

import os
import signal
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Within, Ctrl-C ends the process with code 0. For imports: there is nothing to tear down yet, and a library that
    is interrupted while it loads says so with errors of its own.
    """
    former = signal.signal(signal.SIGINT, lambda number, frame: os._exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
