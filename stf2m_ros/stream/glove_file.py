"""Word vectors from a GloVe text file that the user names: gigabytes that stay on the disk."""

import hashlib
from array import array
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, List, Optional, Tuple, Union

import numpy as np

from stf2m_ros.stream.text_embedding import REMEMBERED_WORDS, unit_length

Index = Tuple[np.ndarray, np.ndarray]
"""Hash of each word, sorted, and where its line starts."""


class GloveFile:
    """Looks words up in a file of `word number number ...` lines and reads only the lines it needs.

    What stays in memory is where each line starts, 16 bytes a word (35 MB for the 2.2 million of glove.840B), and
    the words looked up last. Opening reads the file once.
    """

    def __init__(self, path: Union[str, Path], dim: int = 300) -> None:
        """Raises ValueError if the file's first line is not a word and dim numbers, OSError if it cannot be read."""
        self.dim = dim
        self._path = Path(path)
        with open(self._path, "rb") as file:
            _check_first_line(file, dim)
            self._hashes, self._offsets = _index(file, dim)
        self.embed = lru_cache(maxsize=REMEMBERED_WORDS)(self._embed)

    def _embed(self, word: str) -> np.ndarray:
        # Training knows no case, and glove.840B does: to it "I" is another word than "i".
        for spelling in dict.fromkeys((word.lower(), word)):
            found = self._look_up(spelling.encode("utf-8", "replace"))
            if found is not None:
                return unit_length(found)
        return unit_length(np.zeros(self.dim, np.float32))

    def _look_up(self, word: bytes) -> Optional[np.ndarray]:
        wanted = np.uint64(_hash(word))
        first, after = np.searchsorted(self._hashes, wanted), np.searchsorted(self._hashes, wanted, side="right")
        for offset in self._offsets[first:after]:
            found, numbers = self._line_at(int(offset))
            if found == word and len(numbers) == self.dim:
                return np.array(numbers, dtype=np.float64).astype(np.float32)
        return None

    def _line_at(self, offset: int) -> Tuple[bytes, List[bytes]]:
        # Opened anew for each word not seen before: those are few, and nothing is left to close.
        with open(self._path, "rb") as file:
            file.seek(offset)
            # From the right: some of glove.840B's words hold blanks.
            word, *numbers = file.readline().rstrip().rsplit(b" ", self.dim)
        return word, numbers


def _check_first_line(file: BinaryIO, dim: int) -> None:
    line = file.readline(64 * (dim + 1)).rstrip()
    try:
        numbers = [float(part) for part in line.rsplit(b" ", dim)[1:]]
    except ValueError:
        numbers = []
    # A longer vector would pass for a word with many blanks.
    if len(numbers) != dim or line.count(b" ") > dim + 4:
        raise ValueError(f"{file.name}: expected lines of a word and {dim} numbers, found {line[:40]!r}...")
    file.seek(0)


def _hash(word: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(word, digest_size=8).digest(), "little")


def _index(file: BinaryIO, dim: int) -> Index:
    hashes, offsets, offset = array("Q"), array("q"), 0
    for line in file:
        word = line.split(b" ", 1)[0]
        if line.count(b" ") > dim:
            word = line.rstrip().rsplit(b" ", dim)[0]
        hashes.append(_hash(word))
        offsets.append(offset)
        offset += len(line)
    found = np.frombuffer(hashes, np.uint64), np.frombuffer(offsets, np.int64)
    order = np.argsort(found[0], kind="stable")
    return found[0][order], found[1][order]
