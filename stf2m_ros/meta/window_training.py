"""Stage 2 at a single level: the window head and the text table learn from whole windows of cached tokens."""

from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stf2m_ros.meta.devices import device_of, mixed_precision, moved
from stf2m_ros.meta.losses import LossSettings, SegmentLoss
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings
from stf2m_ros.meta.window_batches import MAX_UTTERANCE_WORDS, NO_WORD, WindowBatch, WindowSampler, WindowSampling
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.stf2m import HeadInputs, HeadOutputs, WindowHead, WindowHeadConfig
from stf2m_ros.net.text_table import TextTable, WordVectors
from stf2m_ros.stream.settings import TextSettings


@dataclass(frozen=True)
class WindowTrainingSettings:
    """bfloat16: mixed precision where the device has it.

    begin_at_regression: what words tell is found before, see text_regression.
    """

    bfloat16: bool = True
    begin_at_regression: bool = False
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
        arrays = (batch.tokens, batch.frame_presence)
        tokens, presence = (torch.from_numpy(array).to(vectors.device) for array in arrays)
        return HeadInputs(tokens, presence, *self._words(batch.word_ids, vectors))

    def _words(self, word_ids: np.ndarray, vectors: Tensor) -> "tuple[Tensor, Tensor]":
        """As segment_words; segments of one utterance hold the same, which is looked up once."""
        if not self.text_settings.whole_utterances:
            return segment_words(vectors, torch.from_numpy(word_ids).to(vectors.device), self.text_settings)
        rows = word_ids.reshape(-1, word_ids.shape[-1])
        known: Dict[bytes, int] = {}
        which = np.array([known.setdefault(row.tobytes(), len(known)) for row in rows]).reshape(word_ids.shape[:-1])
        first = np.unique(which, return_index=True)[1]
        words = segment_words(vectors, torch.from_numpy(rows[first]).to(vectors.device), self.text_settings)
        of_segment = torch.from_numpy(which).to(vectors.device)
        return words[0][of_segment], words[1][of_segment]

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


_AT_ONCE = 16
"""Texts of a segment that are looked up at once: a whole utterance's would take much memory."""


def segment_words(vectors: Tensor, word_ids: Tensor, settings: TextSettings) -> "tuple[Tensor, Tensor]":
    """Each segment's words as stf2m_ros.stream.segment_text gives them (B, S, 300), and where there are any (B, S).

    vectors: (V, 300).
    """
    if settings.whole_utterances:
        before, own = word_ids[..., :MAX_UTTERANCE_WORDS], word_ids[..., MAX_UTTERANCE_WORDS:]
        (summed_before, words_before), (summed, looked_up) = (_added_up(vectors, ids) for ids in (before, own))
        words = (looked_up / settings.lookups).clamp(min=1)
        said = summed / words.sqrt() + summed_before / words_before.clamp(min=1).sqrt()
        return said, (looked_up + words_before > 0).float().squeeze(-1)
    summed, count = _added_up(vectors, word_ids)
    return summed if settings.add_up else summed / count.clamp(min=1), (count > 0).float().squeeze(-1)


def _added_up(vectors: Tensor, word_ids: Tensor) -> "tuple[Tensor, Tensor]":
    """Sum of each segment's vectors (B, S, 300), and how many they are (B, S, 1)."""
    heard = (word_ids != NO_WORD).float()
    summed = sum(
        (functional.embedding(ids.clamp(min=0), vectors) * known.unsqueeze(-1)).sum(-2)
        for ids, known in zip(word_ids.split(_AT_ONCE, dim=-1), heard.split(_AT_ONCE, dim=-1))
    )
    return summed, heard.sum(-1, keepdim=True)
