"""A short name for what something is made from, so that what was made of something else is found out."""

import hashlib
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping

import numpy as np

_PLAIN = (str, int, float, bool, type(None), np.generic, Enum)


def fingerprint(*parts: object) -> str:
    """16 hexadecimal digits; equal parts give equal digits in every process.

    parts: dataclasses, sequences and mappings of plain values, arrays and paths, however nested. A path stands for the
    file there: its name, size and time of change, not its folder. Raises TypeError for anything else.
    """
    return _digest(parts, _file_facts)[:16]


def content_checksum(parts: Iterable[object]) -> str:
    """64 digits of the same, but a path stands for the file's name and content, wherever it lies and however old it is.

    Each file is read once.
    """
    return _digest(parts, lru_cache(maxsize=None)(_file_content))


FileFacts = Callable[[Path], tuple]


def _digest(parts: Iterable[object], facts_of: FileFacts) -> str:
    digest = hashlib.sha256()
    for part in parts:
        _feed(digest, part, facts_of)
    return digest.hexdigest()


def _feed(digest: Any, value: object, facts_of: FileFacts) -> None:
    digest.update(f"{type(value).__name__}(".encode())
    if isinstance(value, Path):
        digest.update(repr(facts_of(value)).encode())
    elif isinstance(value, np.ndarray):
        digest.update(repr((value.dtype.str, value.shape)).encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, _PLAIN):
        digest.update(repr(value).encode())
    else:
        for part in _parts_of(value):
            _feed(digest, part, facts_of)
    digest.update(b")")


def _parts_of(value: object) -> tuple:
    if is_dataclass(value):
        return tuple((each.name, getattr(value, each.name)) for each in fields(value))
    if isinstance(value, Mapping):
        return tuple(sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(value)
    raise TypeError(f"expected plain data, which can be told apart, found {type(value).__name__}")


def _file_facts(path: Path) -> tuple:
    if not path.is_file():
        return (path.name,)
    facts = path.stat()
    return (path.name, facts.st_size, facts.st_mtime_ns)


def _file_content(path: Path) -> tuple:
    if not path.is_file():
        return (path.name,)
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
    return (path.name, digest.hexdigest())
