"""Stage 2 at a single level: the window head and the text table learn from whole windows of cached tokens."""

from dataclasses import dataclass, field
from typing import List, NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stf2m_ros.meta.devices import device_of, mixed_precision, moved
from stf2m_ros.meta.losses import LossSettings, SegmentLoss
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings
from stf2m_ros.meta.window_batches import NO_WORD, WindowBatch, WindowSampler, WindowSampling
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.stf2m import HeadInputs, HeadOutputs, WindowHead, WindowHeadConfig
from stf2m_ros.net.text_table import TextTable, WordVectors
from stf2m_ros.stream.settings import TextSettings


@dataclass(frozen=True)
class WindowTrainingSettings:
    """bfloat16: mixed precision."""

    bfloat16: bool = True
    loss: LossSettings = field(default_factory=LossSettings)
    optimiser: OptimiserSettings = field(default_factory=lambda: OptimiserSettings(steps=2000, batch_size=32))
    sampling: WindowSampling = field(default_factory=WindowSampling)


_RANGES = "ranges"


class FuzzyInputs(NamedTuple):
    """What the window head is given beside the data: the rules and the membership ranges."""

    rules: RuleTensors
    ranges: Tensor  # (2,)


class WindowModel(nn.Module):
    """The window head with its text table: words come in as indices into a vocabulary."""

    def __init__(
        self,
        head: WindowHeadConfig,
        text: TextSettings,
        vocabulary: List[str],
        fuzzy: FuzzyInputs,
        vectors: Optional[np.ndarray] = None,
    ) -> None:
        """vectors: (V, dim) ready ones of the vocabulary, which then stay; None for a subword table that learns."""
        super().__init__()
        self.vocabulary, self.text_settings = vocabulary, text
        self.head = WindowHead(head)
        self.text = TextTable(text, vocabulary) if vectors is None else WordVectors(vocabulary, vectors)
        for name, tensor in {**fuzzy.rules._asdict(), _RANGES: fuzzy.ranges}.items():
            self.register_buffer(name, tensor, persistent=False)  # a copy, so that it goes to the model's device

    @property
    def fuzzy(self) -> FuzzyInputs:
        """The rules and ranges, where the model is."""
        return FuzzyInputs(RuleTensors(*(getattr(self, name) for name in RuleTensors._fields)), getattr(self, _RANGES))

    def use_ranges(self, ranges: Tensor) -> None:
        """(2,) other membership ranges from here on."""
        setattr(self, _RANGES, ranges)

    def head_inputs(self, batch: WindowBatch, vectors: Tensor) -> HeadInputs:
        """What the head takes, where the model is. vectors: (V, 300) of the vocabulary. Any leading axes."""
        arrays = (batch.tokens, batch.frame_presence, batch.word_ids)
        tokens, presence, word_ids = (torch.from_numpy(array).to(vectors.device) for array in arrays)
        return HeadInputs(tokens, presence, *segment_words(vectors, word_ids, self.text_settings.add_up))

    def forward(self, batch: WindowBatch) -> HeadOutputs:
        return self.head(self.head_inputs(batch, self.text()), *self.fuzzy, self.head.last_layer)


class WindowTrainingTask:
    """The losses of step number `step` over our share of a batch of varied windows."""

    def __init__(
        self,
        model: WindowModel,
        sampler: WindowSampler,
        counts: np.ndarray,
        settings: WindowTrainingSettings,
        seed: int,
        processes: Processes = ALONE,
    ) -> None:
        self.model, self.sampler, self.settings, self.seed = model, sampler, settings, seed
        self.loss = SegmentLoss(settings.loss, counts, processes.total)
        self.share = processes.share(settings.optimiser.batch_size)

    def __call__(self, step: int) -> Losses:
        batch = self.sampler.batch(self.settings.optimiser.batch_size, (self.seed, step), self.share)
        device = device_of(self.model)
        with mixed_precision(device, self.settings.bfloat16):
            out = self.model(batch)
        return self.loss(out, moved(batch.targets(), device))


def segment_words(vectors: Tensor, word_ids: Tensor, add_up: bool = False) -> "tuple[Tensor, Tensor]":
    """Mean or sum of each segment's words (B, S, 300), and where there are any (B, S). vectors: (V, 300)."""
    heard = (word_ids != NO_WORD).float()
    count = heard.sum(-1)
    summed = (functional.embedding(word_ids.clamp(min=0), vectors) * heard.unsqueeze(-1)).sum(-2)
    return summed if add_up else summed / count.clamp(min=1).unsqueeze(-1), (count > 0).float()
