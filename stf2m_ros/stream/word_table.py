"""Vectors of chosen words: what a bundle carries of a GloVe file, pruned to the words that training met."""

import zlib
from pathlib import Path
from typing import Dict, Sequence, Union
from zipfile import BadZipFile

import numpy as np

from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.text_embedding import SubwordTable, TextEmbedding, unit_length

WORDS, VECTORS = "words", "vectors"
_BETWEEN_WORDS = "\n"


class WordTable:
    """Looks words up, whatever their case. A word that is not in the table is unknown: its vector is all zero.

    Unknown words are no text to the network, as in training. Who wants every word of GloVe known on the robot names
    the whole file there (the node's parameter word_vectors).
    """

    def __init__(self, words: Sequence[str], vectors: np.ndarray) -> None:
        """words: lower-case.  vectors: (V, dim).  Raises ValueError if there are not as many words as vectors."""
        if vectors.ndim != 2 or len(words) != len(vectors):
            raise ValueError(f"expected vectors ({len(words)}, dim), one for each word, found {vectors.shape}")
        self.dim = vectors.shape[1]
        self._vectors = vectors
        self._rows = {word: row for row, word in enumerate(words)}
        self._unknown = unit_length(np.zeros(self.dim, np.float32))

    def __len__(self) -> int:
        return len(self._rows)

    def embed(self, word: str) -> np.ndarray:
        row = self._rows.get(word.lower())
        return self._unknown if row is None else unit_length(self._vectors[row].astype(np.float32))


def word_arrays(words: Sequence[str], vectors: np.ndarray) -> Dict[str, np.ndarray]:
    """What text_table.npz holds of a table of words. Plain numbers only, so that no pickle is needed to read it."""
    text = _BETWEEN_WORDS.join(words).encode("utf-8", "replace")
    return {WORDS: np.frombuffer(text, np.uint8), VECTORS: vectors.astype(np.float16)}


def load_text_table(npz_path: Union[str, Path], settings: TextSettings) -> TextEmbedding:
    """The bundle's text table: subwords or whole words, whichever its file holds.

    Raises ValueError, naming the file, where it holds neither, is cut off, or the vectors are not of settings.dim
    numbers.
    """
    try:
        return _read_table(npz_path, settings)
    except (BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{npz_path}: expected a text table, found a damaged file ({error})") from error


def _read_table(npz_path: Union[str, Path], settings: TextSettings) -> TextEmbedding:
    with open(npz_path, "rb") as file, np.load(file, allow_pickle=False) as arrays:  # np.load leaves a damaged one open
        if WORDS not in arrays.files or VECTORS not in arrays.files:
            return SubwordTable.load(npz_path, settings)
        text, vectors = arrays[WORDS].tobytes().decode("utf-8"), arrays[VECTORS]
    if vectors.ndim != 2 or vectors.shape[1] != settings.dim:
        raise ValueError(f"{npz_path}: expected vectors (V, {settings.dim}), found {vectors.shape}")
    return WordTable(text.split(_BETWEEN_WORDS) if text else [], vectors)
