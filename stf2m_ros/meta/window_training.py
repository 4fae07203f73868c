"""Stage 2 at a single level: the window head and the text table learn from whole windows of cached tokens."""

from dataclasses import dataclass, field
from typing import List, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.meta.pretraining import masked_square
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings
from stf2m_ros.meta.window_batches import NO_WORD, WindowBatch, WindowSampler, WindowSampling
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.stf2m import HeadInputs, HeadOutputs, WindowHead, WindowHeadConfig
from stf2m_ros.net.text_table import TextTable
from stf2m_ros.stream.settings import TextSettings


@dataclass(frozen=True)
class WindowTrainingSettings:
    """component_weight: of the component loss beside the cross-entropy per segment (lambda of METHOD section 6)."""

    component_weight: float = 5.0
    label_smoothing: float = 0.05
    balance: float = 0.5  # class weights are counts ** -balance
    bfloat16: bool = True
    optimiser: OptimiserSettings = field(default_factory=lambda: OptimiserSettings(steps=2000, batch_size=32))
    sampling: WindowSampling = field(default_factory=WindowSampling)


class FuzzyInputs(NamedTuple):
    """What the window head is given beside the data: the rules and the membership ranges."""

    rules: RuleTensors
    ranges: Tensor  # (2,)


class WindowModel(nn.Module):
    """The window head with its text table: words come in as indices into a vocabulary."""

    def __init__(self, head: WindowHeadConfig, text: TextSettings, vocabulary: List[str], fuzzy: FuzzyInputs) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.head = WindowHead(head)
        self.text = TextTable(text, vocabulary)
        self.fuzzy = fuzzy

    def forward(self, batch: WindowBatch) -> HeadOutputs:
        words, word_presence = segment_words(self.text(), torch.from_numpy(batch.word_ids))
        tokens, presence = torch.from_numpy(batch.tokens), torch.from_numpy(batch.frame_presence)
        inputs = HeadInputs(tokens, presence, words, word_presence)
        return self.head(inputs, *self.fuzzy, self.head.last_layer)


class WindowTrainingTask:
    """The losses of step number `step` over a batch of varied windows."""

    def __init__(
        self,
        model: WindowModel,
        sampler: WindowSampler,
        counts: np.ndarray,
        settings: WindowTrainingSettings,
        seed: int,
    ) -> None:
        self.model, self.sampler, self.settings, self.seed = model, sampler, settings, seed
        weight = torch.from_numpy(np.maximum(counts, 1.0) ** -settings.balance).float()
        self.class_weight = weight / weight.mean()

    def __call__(self, step: int) -> Losses:
        batch = self.sampler.batch(self.settings.optimiser.batch_size, (self.seed, step))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.settings.bfloat16):
            out = self.model(batch)
        target = torch.from_numpy(batch.class_index).long()
        cross_entropy = functional.cross_entropy(
            out.logits.float().flatten(0, 1),
            target.flatten(),
            weight=self.class_weight,
            ignore_index=UNLABELLED,
            label_smoothing=self.settings.label_smoothing,
        )
        components = masked_square(out.components.float(), torch.from_numpy(batch.components))
        return {"classes": cross_entropy, "components": self.settings.component_weight * components}


def segment_words(vectors: Tensor, word_ids: Tensor) -> "tuple[Tensor, Tensor]":
    """Mean vector of each segment's words (B, S, 300), and where there are any (B, S). vectors: (V, 300)."""
    heard = (word_ids != NO_WORD).float()
    count = heard.sum(-1)
    summed = (functional.embedding(word_ids.clamp(min=0), vectors) * heard.unsqueeze(-1)).sum(-2)
    return summed / count.clamp(min=1).unsqueeze(-1), (count > 0).float()
