"""The ablation of the spatio-temporal encoder: four convolutions over one segment's regions. Source: paper VI-E."""

import torch
from torch import Tensor, nn

from stf2m_ros.net.layer_norm import LayerNorm
from stf2m_ros.net.stf2m import HeadInputs, WindowHead, WindowHeadConfig

_LAYERS = 4


class Conv4Head(WindowHead):
    """The window head whose segments know neither their neighbours nor a graph of regions until the recurrent part."""

    def __init__(self, config: WindowHeadConfig) -> None:
        super().__init__(config)
        for unused in ("location", "pool", "graph", "temporal", "personal_range", "absent_frame", "absent_words"):
            delattr(self, unused)
        dim, nodes = config.token_dim, config.rows * config.columns + 1
        layers = [part for _ in range(_LAYERS) for part in (nn.Conv2d(dim, dim, 3, padding=1), nn.ReLU())]
        self.convolutions = nn.Sequential(*layers)
        self.embed = nn.Sequential(LayerNorm(nodes * dim), nn.Linear(nodes * dim, config.embedding_dim), nn.GELU())

    def _encode(self, inputs: HeadInputs, seen: Tensor) -> Tensor:
        """Tokens and words to one embedding per segment, (B, S, E); zeros stand for what is absent."""
        config = self.config
        presence = inputs.frame_presence.unflatten(1, (-1, config.slots_per_segment))[..., None, None]
        frames = self.token_norm(inputs.tokens).unflatten(1, (-1, config.slots_per_segment)) * presence
        regions = frames.sum(2) / presence.sum(2).clamp(min=1)  # (B, S, R, D)
        maps = regions.flatten(0, 1).transpose(1, 2).unflatten(2, (config.rows, config.columns))
        regions = self.convolutions(maps).flatten(2).transpose(1, 2).unflatten(0, regions.shape[:2])
        words = self.read_words(inputs.words) * inputs.word_presence[..., None]
        return self.embed(torch.cat([regions, words.unsqueeze(2)], dim=2).flatten(2))
