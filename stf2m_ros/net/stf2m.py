"""ST-F2M after the frame encoder: thirty seconds of tokens and words to one row of logits per segment."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.net.fuzzy_layer import FUZZY_FEATURES, RuleTensors, fuzzy_features, fuzzy_signals
from stf2m_ros.net.layer_norm import LayerNorm
from stf2m_ros.net.recurrent_head import RecurrentHead
from stf2m_ros.net.region_graph import PARTS, RegionGraph
from stf2m_ros.net.temporal_convolution import GatedPooling, GatedTemporalConvolution
from stf2m_ros.stream.checked_numbers import require_between

NUM_COMPONENTS = 12


@dataclass(frozen=True)
class WindowHeadConfig:
    """Sizes of the window head. rows * columns regions of token_dim numbers come in, embedding_dim numbers go out.

    word_evidence: a segment's words also reach its embedding directly, so that the answer can be as sure as words are.
    """

    rows: int = 4
    columns: int = 4
    token_dim: int = 64
    text_dim: int = 300
    slots_per_segment: int = 5
    embedding_dim: int = 128
    graph_parts: Tuple[str, ...] = PARTS
    word_evidence: bool = False

    def __post_init__(self) -> None:
        require_between(
            self, 1, math.inf, "rows", "columns", "token_dim", "text_dim", "slots_per_segment", "embedding_dim"
        )
        if unknown := set(self.graph_parts) - set(PARTS):
            raise ValueError(f"graph_parts: expected some of {', '.join(PARTS)}, found {', '.join(sorted(unknown))}")
        if self.embedding_dim % 2:
            raise ValueError(f"embedding_dim must be even (two directions), found {self.embedding_dim}")


class HeadInputs(NamedTuple):
    """One batch of windows, oldest slot and segment first."""

    tokens: Tensor  # (B, T, R, D)
    frame_presence: Tensor  # (B, T)
    words: Tensor  # (B, S, 300)
    word_presence: Tensor  # (B, S)


class HeadOutputs(NamedTuple):
    """The same tensors, in the same order, that the exported graph gives."""

    logits: Tensor  # (B, S, 19)
    memberships: Tensor  # (B, S, 19)
    components: Tensor  # (B, S, 12)
    firing: Tensor  # (B, S, J) firing strength times extent
    embedding: Tensor  # (B, S, E)


class WindowHead(nn.Module):
    """Location, gated temporal convolutions around message passing, fuzzy channel, recurrent head, last layer.

    The rules, the membership ranges and the last layer are arguments: changing them needs no new engine.
    Source: METHOD section 5; the paper's Eq. 3 and 4 and its section V-B. `PersonalRange` is ours.
    """

    def __init__(self, config: WindowHeadConfig) -> None:
        super().__init__()
        dim, width = config.token_dim, config.embedding_dim
        nodes = config.rows * config.columns + 1
        self.config = config
        self.absent_frame = nn.Parameter(torch.randn(dim) * 0.02)
        self.absent_words = nn.Parameter(torch.randn(dim) * 0.02)
        self.token_norm = LayerNorm(dim)
        self.read_words = nn.Sequential(nn.Linear(config.text_dim, dim), nn.Tanh())
        self.location = Location(dim)
        self.pool = GatedPooling(dim, config.slots_per_segment)
        self.graph = RegionGraph(config.rows, config.columns, dim, config.graph_parts)
        self.temporal = GatedTemporalConvolution(dim)
        self.embed = nn.Sequential(LayerNorm(nodes * dim), nn.Linear(nodes * dim, width), nn.GELU())
        self.personal_range = PersonalRange(width, gauges=32)
        self.components = nn.Linear(width, NUM_COMPONENTS)
        self.recurrent = RecurrentHead(width + FUZZY_FEATURES, width // 2)
        self.evidence = WordEvidence(config.text_dim, width) if config.word_evidence else None
        self.last_layer = nn.Parameter(torch.randn(NUM_CLASSES, width + 1) * 0.05)

    def forward(self, inputs: HeadInputs, rules: RuleTensors, ranges: Tensor, last_layer: Tensor) -> HeadOutputs:
        """last_layer: (19, E + 1), the last column holding the biases."""
        return self.conclude(*self.encode(inputs), rules, ranges, last_layer, self.words_alone(inputs))

    def encode(self, inputs: HeadInputs) -> Tuple[Tensor, Tensor]:
        """What no rule and no range changes: each segment's embedding (B, S, E), and whether a face was seen (B, S)."""
        seen = _segment_presence(inputs.frame_presence, self.config.slots_per_segment)
        return self._encode(inputs, seen), seen

    def words_alone(self, inputs: HeadInputs) -> Optional[Tensor]:
        """What each segment's words say by themselves (B, S, E); None where the head has no such way for them."""
        return None if self.evidence is None else self.evidence.read(inputs.words)

    def conclude(
        self,
        z: Tensor,
        seen: Tensor,
        rules: RuleTensors,
        ranges: Tensor,
        last_layer: Tensor,
        words_alone: Optional[Tensor] = None,
    ) -> HeadOutputs:
        """From what `encode` and `words_alone` gave to the answer."""
        components = torch.tanh(self.components(z))
        signals = fuzzy_signals(components, rules, ranges, smooth=self.training)
        fuzzy = fuzzy_features(signals) * seen.unsqueeze(-1)  # what was not seen has no expression
        embedding = self.recurrent(torch.cat([z, fuzzy], dim=-1)) + z
        if self.evidence is not None and words_alone is not None:
            embedding = self.evidence(embedding, words_alone)
        logits = torch.matmul(embedding, last_layer[:, :-1].T) + last_layer[:, -1]
        seen = seen.unsqueeze(-1)
        return HeadOutputs(logits, signals.memberships * seen, components * seen, signals.strengths * seen, embedding)

    def _encode(self, inputs: HeadInputs, seen: Tensor) -> Tensor:
        """Tokens and words to one embedding per segment, (B, S, E)."""
        place, presence = self.location(inputs.tokens.shape[1]), inputs.frame_presence
        frames = self.pool(self.token_norm(inputs.tokens), presence, self.absent_frame, place)
        words, heard = self.read_words(inputs.words), inputs.word_presence[..., None]
        words = words * heard + (self.absent_words * (1.0 - heard) + self.location(words.shape[1]))
        nodes = torch.cat([frames, words.unsqueeze(2)], dim=2)  # (B, S, R + 1, D)
        present = torch.maximum(seen, inputs.word_presence)
        z = self.embed(self.temporal(self.graph(nodes, present)).flatten(2))
        return self.personal_range(z, seen)


class WordEvidence(nn.Module):
    """Words on a straight way to the embedding [ours]: linear, so that evidence adds up and a plain word adds nothing.

    keep: how much of each number of the embedding stays beside it; training may begin with words alone.
    """

    def __init__(self, text_dim: int, width: int) -> None:
        super().__init__()
        self.read = nn.Linear(text_dim, width, bias=False)
        self.keep = nn.Parameter(torch.ones(width))

    def forward(self, embedding: Tensor, words_alone: Tensor) -> Tensor:
        """Both (B, S, E)."""
        return embedding * self.keep + words_alone


class Location(nn.Module):
    """Place before the newest, 0 to 1, through an MLP. Source: the paper's location label, METHOD section 4."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, dim))

    def forward(self, length: int) -> Tensor:
        age = torch.arange(length - 1, -1, -1, dtype=self.mlp[0].weight.dtype, device=self.mlp[0].weight.device)
        return self.mlp((age / length).unsqueeze(-1))


class PersonalRange(nn.Module):
    """Sets each segment against the person's own neutral face and fullest expression within the window [ours].

    Intensity is defined relative to the person, so one frame alone cannot tell it. z: (B, S, E), seen: (B, S).
    """

    def __init__(self, width: int, gauges: int) -> None:
        super().__init__()
        self.gauge = nn.Linear(width, gauges)
        self.mix = nn.Sequential(nn.Linear(width + 4 * gauges, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, z: Tensor, seen: Tensor) -> Tensor:
        seen = seen.unsqueeze(-1)
        gauges = torch.tanh(self.gauge(z))
        # A gauge lies in [-1, 1]: an unseen segment is pushed outside, where it is neither largest nor smallest.
        largest = (gauges * seen - 2.0 * (1.0 - seen)).amax(1, keepdim=True).clamp(min=-1.0)
        smallest = (gauges * seen + 2.0 * (1.0 - seen)).amin(1, keepdim=True).clamp(max=1.0)
        mean = (gauges * seen).sum(1, keepdim=True) / (seen.sum(1, keepdim=True) + 1e-6)
        context = torch.cat([gauges - mean, *(x.expand_as(gauges) for x in (smallest, mean, largest))], dim=-1)
        return z + self.mix(torch.cat([z, context], dim=-1))


def _segment_presence(frame_presence: Tensor, slots_per_segment: int) -> Tensor:
    """1 for segments in which at least one slot holds a face. (B, T) -> (B, S)."""
    return frame_presence.unflatten(1, (-1, slots_per_segment)).amax(-1)
