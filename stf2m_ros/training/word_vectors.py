"""Ready word vectors instead of a trained subword table: of a user's GloVe file, or those that a data set brings."""

import logging
from pathlib import Path
from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.slots import named_words
from stf2m_ros.stream.glove_file import GloveFile

_LOG = logging.getLogger(__name__)
OF_THE_CLIPS = "clips"
"""The setting for the vectors that the data sets bring (CMU-MOSEI, CMU-MOSI)."""

KnownWords = Tuple[List[str], np.ndarray]
"""Words, sorted, and their vectors (V, dim)."""


def known_words(source: str, dim: int, vocabulary: Sequence[str], clips: Iterable[Clip]) -> KnownWords:
    """Which words of the vocabulary have a vector, and it; all other words are unknown, here and on the robot.

    source: a GloVe file, or OF_THE_CLIPS.  Raises ValueError where no word has one, and for a file that is not GloVe.
    """
    found = _of_clips(clips, dim) if source == OF_THE_CLIPS else _of_file(Path(source), dim, vocabulary)
    words = [word for word in vocabulary if word in found]
    if not words:
        raise ValueError(f"word_vectors: expected vectors of some of {len(vocabulary)} words, found none in {source}")
    _LOG.info("word vectors of %d of %d words, from %s", len(words), len(vocabulary), source)
    return words, np.stack([found[word] for word in words])


def _of_file(path: Path, dim: int, vocabulary: Sequence[str]) -> Dict[str, np.ndarray]:
    try:
        glove = GloveFile(path, dim)
    except OSError as error:
        raise ValueError(f"word_vectors: expected {OF_THE_CLIPS} or a GloVe file, found {error}") from error
    vectors = ((word, glove.embed(word)) for word in vocabulary)
    return {word: vector for word, vector in vectors if vector.any()}


def _of_clips(clips: Iterable[Clip], dim: int) -> Dict[str, np.ndarray]:
    found: Dict[str, np.ndarray] = {}
    for clip in clips:
        if clip.word_vectors is None:
            continue
        if clip.word_vectors.shape[1] != dim:
            raise ValueError(f"{clip.clip_id}: expected word vectors of {dim}, found {clip.word_vectors.shape[1]}")
        for word, vector in zip(named_words(clip), clip.word_vectors):
            if vector.any() and np.isfinite(vector).all():
                found.setdefault(word.text.lower(), vector)
    return found
