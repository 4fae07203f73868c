"""Stage 1 of words: the subword table learns emotion from whole utterances, each a bag of words.

As the frame encoder learns from single faces before whole windows: the head then begins with words that mean something,
which a few thousand utterances alone would not teach it through thirty seconds of mostly silence.
"""

from dataclasses import dataclass, field
from typing import List, NamedTuple, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stf2m_ros.data.slots import SlotTrack
from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.meta.losses import LossSettings, SegmentLoss
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings
from stf2m_ros.net.text_table import TextTable
from stf2m_ros.stream.text_embedding import word_parts


@dataclass(frozen=True)
class TextPretrainingSettings:
    """word_dropout: share of words left out of an utterance. dropout: of the numbers of its mean vector.

    start_scale: the table's random weights are shrunk to it, so that they turn soon: only their direction counts.
    """

    word_dropout: float = 0.15
    dropout: float = 0.5
    start_scale: float = 0.1
    loss: LossSettings = field(default_factory=LossSettings)
    optimiser: OptimiserSettings = field(
        default_factory=lambda: OptimiserSettings(steps=350, batch_size=256, rate=1e-2, weight_decay=0.05)
    )


class Bags(NamedTuple):
    """N utterances: their words one after the other, where each begins, and what they are labelled."""

    word_ids: np.ndarray  # (all words,)
    lengths: np.ndarray  # (N,)
    class_index: np.ndarray  # (N,)
    shares: np.ndarray  # (N, 19)


class BagReadout(nn.Module):
    """What the words of an utterance tell without their order. It is not exported."""

    def __init__(self, text: TextTable, settings: TextPretrainingSettings) -> None:
        super().__init__()
        self.text, self.settings = text, settings
        self.classes = nn.Linear(text.project.out_features, NUM_CLASSES)
        with torch.no_grad():
            text.table.weight.mul_(settings.start_scale)

    def forward(self, word_ids: Tensor, lengths: Tensor, kept: Tensor) -> Tensor:
        """(W,) words of N utterances of `lengths` words, `kept` (W,) 0 for one left out.  Returns (N, 19)."""
        starts = torch.cumsum(lengths, 0) - lengths
        summed = functional.embedding_bag(word_ids, self.text(), starts, mode="sum", per_sample_weights=kept)
        # By the root of the count: two words that agree say more than one, and ten not five times as much.
        pooled = summed / lengths.clamp(min=1).sqrt().unsqueeze(-1)
        return self.classes(functional.dropout(pooled, self.settings.dropout, self.training))


class TextPretrainingTask:
    """The losses of step number `step`: a batch of utterances drawn, some of their words left out."""

    def __init__(self, readout: BagReadout, bags: Bags, counts: np.ndarray, seed: int) -> None:
        self.readout, self.bags, self.seed = readout, bags, seed
        self.starts = np.cumsum(bags.lengths) - bags.lengths
        self.loss = SegmentLoss(readout.settings.loss, counts)

    def __call__(self, step: int) -> Losses:
        rng, bags, settings = np.random.default_rng((self.seed, step)), self.bags, self.readout.settings
        drawn = rng.integers(len(bags.lengths), size=settings.optimiser.batch_size)
        words = np.concatenate([bags.word_ids[self.starts[i] : self.starts[i] + bags.lengths[i]] for i in drawn])
        kept = torch.from_numpy(rng.random(len(words)) >= settings.word_dropout).float()
        logits = self.readout(torch.from_numpy(words), torch.from_numpy(bags.lengths[drawn]), kept)
        expected = torch.from_numpy(bags.class_index[drawn]), torch.from_numpy(bags.shares[drawn])
        return {"classes": self.loss.cross_entropy(logits, *expected)}


def bags_of(tracks: Sequence[SlotTrack], vocabulary: List[str], grid_slot_s: float) -> Bags:
    """Every labelled stretch in which something was said."""
    word_id = {word: index for index, word in enumerate(vocabulary)}
    word_ids, lengths, classes, shares = [], [], [], []
    for track in tracks:
        for label in range(track.labels):
            slots = np.flatnonzero(track.label_index == label)
            said = _said(track, slots, grid_slot_s, word_id)
            if said:
                word_ids.extend(said)
                lengths.append(len(said))
                classes.append(track.class_index[slots[0]])
                shares.append(track.shares(slice(slots[0], slots[0] + 1))[0])
    return Bags(np.array(word_ids), np.array(lengths), np.array(classes), np.array(shares, np.float32))


def _said(track: SlotTrack, slots: np.ndarray, slot_s: float, word_id: dict) -> List[int]:
    if len(slots) == 0:
        return []
    start_s, end_s = slots[0] * slot_s - slot_s / 2, (slots[-1] + 0.5) * slot_s
    words = (word for word in track.words if start_s <= (word.start_s + word.end_s) / 2 < end_s)
    parts = (part for word in words for part in word_parts(word.text.lower()))
    return [word_id[part] for part in parts if part in word_id]
