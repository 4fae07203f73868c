"""The head of the baselines: the backbone's tokens of one segment and its words, read by a small network.

It knows no neighbouring segment, no graph of regions and no rules; what is compared is then the whole method, as in the
paper, where the baselines have the backbone and their own way to learn. It takes and gives what the window head does.
"""

import torch
from torch import Tensor, nn

from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.layer_norm import LayerNorm
from stf2m_ros.net.stf2m import NUM_COMPONENTS, HeadInputs, HeadOutputs, WindowHeadConfig


class PlainHead(nn.Module):
    """Mean token of each region over the segment, then two linear maps; component states are read out beside."""

    def __init__(self, config: WindowHeadConfig) -> None:
        super().__init__()
        dim, width = config.token_dim, config.embedding_dim
        nodes = config.rows * config.columns + 1
        self.slots_per_segment = config.slots_per_segment
        self.norm = LayerNorm(dim)
        self.read_words = nn.Sequential(nn.Linear(config.text_dim, dim), nn.Tanh())
        self.embed = nn.Sequential(nn.Linear(nodes * dim, width), nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.components = nn.Linear(width, NUM_COMPONENTS)
        self.last_layer = nn.Parameter(torch.randn(NUM_CLASSES, width + 1) * 0.05)

    def forward(self, inputs: HeadInputs, rules: RuleTensors, ranges: Tensor, last_layer: Tensor) -> HeadOutputs:
        """rules and ranges are not used: memberships and firing are zero."""
        embedding, seen = self.embedding(inputs)
        logits = torch.matmul(embedding, last_layer[:, :-1].T) + last_layer[:, -1]
        components = torch.tanh(self.components(embedding)) * seen
        no_rule = torch.zeros(*logits.shape[:-1], rules.codes.shape[0])
        return HeadOutputs(logits, torch.zeros_like(logits), components, no_rule, embedding)

    def embedding(self, inputs: HeadInputs) -> "tuple[Tensor, Tensor]":
        """(B, S, E), and (B, S, 1) 1 where a face was seen."""
        presence = inputs.frame_presence.unflatten(-1, (-1, self.slots_per_segment))[..., None, None]
        frames = self.norm(inputs.tokens).unflatten(-3, (-1, self.slots_per_segment)) * presence
        regions = frames.sum(-3) / presence.sum(-3).clamp(min=1)  # (B, S, R, D), zeros where nothing was seen
        words = self.read_words(inputs.words) * inputs.word_presence[..., None]
        nodes = torch.cat([regions, words.unsqueeze(-2)], dim=-2)
        return self.embed(nodes.flatten(-2)), presence.amax((-3, -1))
