"""Words in training: a subword table that learns, or ready vectors that stay as they are. Vectors have length one."""

from typing import Dict, List, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.text_embedding import MARKS, ngram_buckets
from stf2m_ros.stream.word_table import word_arrays


class TextTable(nn.Module):
    """Hashed character n-grams, their mean projected to 300 values.

    Embeds a whole vocabulary at once, (V, dim); on the robot stf2m_ros.stream.text_embedding does the same.
    """

    def __init__(self, settings: TextSettings, vocabulary: List[str]) -> None:
        super().__init__()
        self.marks = "".join(mark for mark in MARKS if mark in vocabulary)
        buckets = [ngram_buckets(word, settings) for word in vocabulary]
        offsets = np.cumsum([0] + [len(word) for word in buckets[:-1]])
        self.table = nn.EmbeddingBag(settings.buckets, settings.rank, mode="mean")
        self.project = nn.Linear(settings.rank, settings.dim, bias=False)
        self.register_buffer("ngrams", torch.from_numpy(np.concatenate(buckets)), persistent=False)
        self.register_buffer("offsets", torch.from_numpy(offsets), persistent=False)

    def forward(self) -> Tensor:
        vectors = self.project(self.table(self.ngrams, self.offsets))
        return torch.nn.functional.normalize(vectors, dim=-1)

    def to_arrays(self) -> Dict[str, np.ndarray]:
        """What text_table.npz holds."""
        return {
            "buckets": self.table.weight.detach().numpy().astype(np.float16),
            "projection": self.project.weight.detach().numpy().T.astype(np.float16),
            "marks": np.frombuffer(self.marks.encode("ascii"), np.uint8),
        }

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Takes over what text_table.npz holds, but for the marks. Raises KeyError, ValueError for another table."""
        with torch.no_grad():
            for own, given in ((self.table.weight, arrays["buckets"]), (self.project.weight, arrays["projection"].T)):
                if own.shape != given.shape:
                    raise ValueError(f"expected {tuple(own.shape)}, found {given.shape}")
                own.copy_(torch.from_numpy(given.astype(np.float32)))


class WordVectors(nn.Module):
    """Ready vectors (V, dim) of a vocabulary; on the robot stf2m_ros.stream.word_table looks them up.

    They do not learn: the whole GloVe file, named on the robot, must mean the same as the part in the bundle.
    """

    def __init__(self, vocabulary: List[str], vectors: np.ndarray) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        stored = nn.functional.normalize(torch.from_numpy(vectors).float(), dim=-1).half()  # as the bundle stores them
        self.register_buffer("vectors", nn.functional.normalize(stored.float(), dim=-1), persistent=False)

    def forward(self) -> Tensor:
        return self.vectors

    def to_arrays(self) -> Dict[str, np.ndarray]:
        """What text_table.npz holds."""
        return word_arrays(self.vocabulary, self.vectors.cpu().numpy())
