"""A word becomes 300 numbers: from the bundle's own subword table, which knows every word a little."""

import zlib
from functools import lru_cache
from pathlib import Path
from typing import Protocol, Tuple, Union

import numpy as np

from stf2m_ros.stream.settings import TextSettings

REMEMBERED_WORDS = 4096  # of 1.2 kB each
MARKS = "?!"
"""Punctuation that tells how something was said. A table that learned a mark knows it as a word of its own."""
BETWEEN = " "
"""Stands between the two words of a pair, and in no word."""


class TextEmbedding(Protocol):
    """Turns words into vectors."""

    dim: int

    def embed(self, word: str) -> np.ndarray:
        """The word's (dim,) float32 vector, of length 1, not to be written to; all zero for an unknown word."""
        ...


def word_parts(text: str) -> Tuple[str, ...]:
    """What is looked up of a word as it was written: the word itself, and once each mark behind it."""
    word = text.rstrip(MARKS)
    marks = tuple(mark for mark in MARKS if mark in text[len(word) :])
    return (word, *marks) if word or not marks else marks


def ngram_buckets(word: str, settings: TextSettings) -> np.ndarray:
    """Bucket of each character n-gram of the lower-cased <word>, and of the whole: (n,) int64, with repeats.

    A pair of words has the whole alone: its parts are looked up beside it.
    """
    padded = f"<{word.lower()}>"
    lengths = () if BETWEEN in word else range(settings.min_n, settings.max_n + 1)
    grams = [padded[start : start + length] for length in lengths for start in range(len(padded) - length + 1)]
    hashes = [zlib.crc32(gram.encode("utf-8", "replace")) for gram in [*grams, padded]]
    return np.array(hashes, np.int64) % settings.buckets


class SubwordTable:
    """Mean of a word's bucket rows, projected: small, and no word is unknown to it but a mark that it never learned."""

    def __init__(self, buckets: np.ndarray, projection: np.ndarray, settings: TextSettings, marks: str = "") -> None:
        """buckets: (B, K).  projection: (K, dim).  marks: those of MARKS that the table learned.

        Raises ValueError if the shapes are not the settings'.
        """
        _expect_shape("buckets", buckets, (settings.buckets, settings.rank))
        _expect_shape("projection", projection, (settings.rank, settings.dim))
        self.dim = settings.dim
        self._settings = settings
        self._buckets = buckets
        self._projection = projection.astype(np.float32)
        self._unknown_marks = set(MARKS) - set(marks)
        self.embed = lru_cache(maxsize=REMEMBERED_WORDS)(self._embed)

    @classmethod
    def load(cls, npz_path: Union[str, Path], settings: TextSettings) -> "SubwordTable":
        """Read buckets (B, K), projection (K, dim) and marks, if any, from an npz file; nothing in it is executed."""
        with np.load(str(npz_path), allow_pickle=False) as table:
            missing = {"buckets", "projection"} - set(table.files)
            if missing:
                raise ValueError(f"{npz_path}: expected arrays buckets and projection, found {table.files}")
            marks = table["marks"].tobytes().decode("ascii") if "marks" in table.files else ""
            return cls(table["buckets"], table["projection"], settings, marks)

    def _embed(self, word: str) -> np.ndarray:
        if word in self._unknown_marks:
            return unit_length(np.zeros(self.dim, np.float32))
        rows = self._buckets[ngram_buckets(word, self._settings)]
        return unit_length(rows.astype(np.float32).mean(axis=0) @ self._projection)


def unit_length(vector: np.ndarray) -> np.ndarray:
    """The vector divided by its length, read-only; zero stays zero."""
    length = float(np.linalg.norm(vector))
    result = (vector / length if length > 0 else vector).astype(np.float32)
    result.flags.writeable = False
    return result


def _expect_shape(name: str, array: np.ndarray, shape: tuple) -> None:
    if array.shape != shape:
        raise ValueError(f"expected {name} {shape}, found {array.shape}")
