"""The subword table in training: hashed character n-grams, their mean projected to 300 values, of unit length."""

from typing import Dict, List

import numpy as np
import torch
from torch import Tensor, nn

from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.text_embedding import ngram_buckets


class TextTable(nn.Module):
    """Embeds a whole vocabulary at once, (V, dim); on the robot stf2m_ros.stream.text_embedding does the same."""

    def __init__(self, settings: TextSettings, vocabulary: List[str]) -> None:
        super().__init__()
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
        }
