"""Ctrl-C while a process still loads its libraries."""

import os
import signal
from contextlib import contextmanager
from typing import Iterator

_STDERR = 2


@contextmanager
def ending_at_once(code: int = 0, line: str = "") -> Iterator[None]:
    """Within, Ctrl-C ends the process with the code, after the line, if any. For imports: there is nothing to tear
    down yet, and a library that is interrupted while it loads says so with errors of its own, or goes on.
    """

    def end(number: int, frame: object) -> None:
        if line:
            os.write(_STDERR, f"{line}\n".encode())
        os._exit(code)

    former = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
