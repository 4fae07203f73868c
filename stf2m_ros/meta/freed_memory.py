"""Keeps freed memory in the process, for the next step needs as much again.

glibc gives large arrays back to the system and takes them anew, page by page: of a pre-training step on one core that
is a fifth (five times as many page faults).
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of malloc.h
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Whether the C library knows how; without, all goes on as it did. Call it before anything large is made."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(set_option and set_option(_TRIM_THRESHOLD, _NEVER) and set_option(_MMAP_MAX, 0))
