"""Where a label is of a whole utterance: one answer for all of its segments together.

An utterance's label says little of each half second of it: half of its segments hold a "the" and nothing else. What was
said before stands in the same window.
"""

from typing import List, NamedTuple, Sequence

import numpy as np
import torch
from torch import Tensor

from stf2m_ros.meta.window_batches import NO_WORD, Cut, WindowBatch, WindowSampler
from stf2m_ros.meta.window_training import WindowModel

NO_LABEL = -1


class Interval(NamedTuple):
    """One labelled interval of one clip."""

    clip: int
    label: int


class Pooling(NamedTuple):
    """Which segments of a batch each of N intervals holds, and its label."""

    weight: Tensor  # (N, B * S) sums to 1 over the interval's segments
    class_index: Tensor  # (N,)
    shares: Tensor  # (N, 19)


def intervals(sampler: WindowSampler) -> List[Interval]:
    """Every labelled interval of the sampler's clips; one so short that it covers no slot is none."""
    return [
        Interval(clip, int(label))
        for clip, track in enumerate(sampler.cache.tracks)
        if track.label_index is not None
        for label in np.unique(track.label_index[track.label_index != NO_LABEL])
    ]


def cut_ending_with(sampler: WindowSampler, interval: Interval) -> Cut:
    """The window that the robot has when the interval ends: on the segment grid, with what was before it."""
    track, per_segment = sampler.cache.tracks[interval.clip], sampler.grid.slots_per_segment
    held = np.flatnonzero(track.label_index == interval.label)
    last = int(held[-1]) + 1 if len(held) else 1
    end = min(-(-last // per_segment) * per_segment, len(track))
    start = max(0, -(-(end - sampler.grid.slots) // per_segment) * per_segment)
    return Cut(interval.clip, start, end - start)


def pooling(sampler: WindowSampler, cuts: Sequence[Cut], only: Sequence[int] = ()) -> Pooling:
    """Of windows with the cuts at their ends. only: of each cut the one label that counts; all of them by default.

    An interval that has no segment of its own has the one that holds its middle.
    """
    segments, rows, classes, shares = sampler.grid.segments, [], [], []
    for window, cut in enumerate(cuts):
        track, labels = sampler.cache.tracks[cut.clip], label_of_slots(sampler, cut)
        own = label_of_segments(labels.reshape(segments, -1))
        for label in [only[window]] if only else np.unique(labels[labels != NO_LABEL]):
            held = own == label
            if not held.any():
                held[int(np.flatnonzero(labels == label).mean()) // sampler.grid.slots_per_segment] = True
            row = np.zeros((len(cuts), segments), np.float32)
            row[window, held] = 1 / held.sum()
            first = int(np.flatnonzero(track.label_index == label)[0])
            rows.append(row.ravel())
            classes.append(track.class_index[first])
            shares.append(track.shares(slice(first, first + 1))[0])
    return Pooling(torch.from_numpy(np.stack(rows)), torch.tensor(classes), torch.from_numpy(np.stack(shares)))


def label_of_slots(sampler: WindowSampler, cut: Cut) -> np.ndarray:
    """(T,) which of the clip's labels each slot of the window has."""
    labels = np.full(sampler.grid.slots, NO_LABEL)
    labels[sampler.grid.slots - cut.length :] = sampler.cache.tracks[cut.clip].label_index[
        cut.start : cut.start + cut.length
    ]
    return labels


def label_of_segments(labels: np.ndarray) -> np.ndarray:
    """(S, k) label of each slot -> (S,) the most frequent one, the later of two that are equally frequent."""
    same = (labels[:, :, None] == labels[:, None, :]).sum(2) * (labels != NO_LABEL)
    best = labels.shape[1] - 1 - same[:, ::-1].argmax(1)
    return np.where(same.any(1), labels[np.arange(len(labels)), best], NO_LABEL)


def by_words(pooled: Pooling, batch: WindowBatch, pairs: bool) -> Tensor:
    """(N, B * S) the same segments, but to be added up and divided by the root of how many words and marks they hold.

    Two words that agree say more than one, and ten not five times as much; how long they took says nothing.
    """
    held = (pooled.weight > 0).float()
    looked_up = torch.from_numpy((batch.word_ids != NO_WORD).sum(-1)).float().ravel()
    words = held @ looked_up / (2 if pairs else 1)
    return held / words.clamp(min=1).sqrt().unsqueeze(-1)


@torch.no_grad()
def judge_intervals(
    model: WindowModel, sampler: WindowSampler, which: Sequence[Interval], batch: int = 64
) -> np.ndarray:
    """(N, 19) logits of each interval, as the robot says them at its end: the mean of its segments'.

    Where words add up within a segment they also do over an interval: see `by_words`; the biases count once. Where each
    segment has a whole utterance, the newest one answers.
    """
    said = []
    for start in range(0, len(which), batch):
        part = which[start : start + batch]
        cuts = [cut_ending_with(sampler, interval) for interval in part]
        pooled = pooling(sampler, cuts, [interval.label for interval in part])
        windows = sampler.cut(cuts)
        logits = model(windows).logits.flatten(0, 1)
        if model.text_settings.whole_utterances:
            said.append(logits.unflatten(0, (len(part), -1))[:, -1].numpy())
        elif model.text_settings.add_up:
            bias = model.head.last_layer[:, -1]
            said.append((by_words(pooled, windows, model.text_settings.pairs) @ (logits - bias) + bias).numpy())
        else:
            said.append((pooled.weight @ logits).numpy())
    return np.concatenate(said)
