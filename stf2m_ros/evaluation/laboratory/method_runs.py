"""One method trained on some clips with a fixed budget, and its answers on other people's clips as plain numbers."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import nn

from stf2m_ros.baselines.catalogue import METHODS, fit
from stf2m_ros.baselines.method import Budget, Given, Judge, Method
from stf2m_ros.baselines.plain_head import PlainHead
from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.evaluation.laboratory.encoded_data import EncodedData
from stf2m_ros.evaluation.laboratory.few_labels import emotion_of
from stf2m_ros.evaluation.scores.metrics import EIGHTEEN, SIX, Task, accuracy, answers, macro_recall, not_askable
from stf2m_ros.evaluation.scores.scored import Scored, joined
from stf2m_ros.evaluation.study import Cell, Missing, Score
from stf2m_ros.fuzzy.rule_table import RuleTable
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.training_loop import OptimiserSettings
from stf2m_ros.meta.window_batches import (
    Cut,
    WindowBatch,
    WindowSampler,
    WindowSampling,
    cache_vocabulary,
    class_counts,
)
from stf2m_ros.meta.window_training import FuzzyInputs, WindowModel
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.stf2m import WindowHeadConfig
from stf2m_ros.runtime.bundle import BundleMismatch, load_bundle
from stf2m_ros.runtime.card import BundleCard
from stf2m_ros.runtime.onnx_engine import EngineLoadError
from stf2m_ros.stream.settings import WindowGrid

WINDOWS_A_STEP = 12
SUPPORT_SHOTS = 30
"""Expressions of each emotion, of the training clips, that a method adapts to before it is judged: all where labels are
few. A part of them alone takes back what was learned from the others; more take memory."""
RATE = 2e-3
_JUDGED_AT_ONCE = 16
ACC, RECALL, REASON = "ACC", "RECALL", "reason"
Run = Dict[str, Any]
"""What a run gives, as JSON holds it."""


@dataclass(frozen=True)
class Laboratory:
    """What all runs of a study share."""

    card: BundleCard
    rules: RuleTable
    grid: WindowGrid
    words: Tuple[str, ...]
    steps: int
    sampling: WindowSampling = WindowSampling()
    head: Optional[Callable[[WindowHeadConfig], nn.Module]] = None  # instead of the window head

    def budget(self) -> Budget:
        optimiser = OptimiserSettings(steps=self.steps, batch_size=WINDOWS_A_STEP, rate=RATE)
        return Budget(WINDOWS_A_STEP, optimiser)

    def head_config(self) -> WindowHeadConfig:
        tokens = self.card.tokens
        rows = int(round(tokens.regions**0.5))
        return WindowHeadConfig(
            rows=rows,
            columns=tokens.regions // rows,
            token_dim=tokens.token_dim,
            text_dim=self.card.text.dim,
            slots_per_segment=self.grid.slots_per_segment,
            embedding_dim=tokens.embedding_dim,
        )

    def new_model(self, seed: int, plain_head: bool = False) -> WindowModel:
        """Untrained; the same weights for the same seed."""
        torch.manual_seed(seed)
        fuzzy = self.card.fuzzy
        ranges = torch.tensor([fuzzy.component_range, fuzzy.intensity_range])
        inputs = FuzzyInputs(RuleTensors.from_table(self.rules), ranges)
        model = WindowModel(self.head_config(), self.card.text, list(self.words), inputs)
        other_head = PlainHead if plain_head else self.head
        if other_head is not None:
            model.head = other_head(self.head_config())
        return model

    def windows(self, clips: TokenCache) -> WindowSampler:
        return WindowSampler(clips, self.grid, self.sampling, list(self.words), self.card.text)

    def trained(self, method: str, clips: TokenCache, seed: int) -> Method:
        """Raises ValueError for fewer clips than the method's tasks need, FloatingPointError where it diverges."""
        entry = METHODS[method]
        given = Given(
            lambda: self.new_model(seed, entry.plain_head),
            self.windows(clips),
            class_counts(clips),
            self.budget(),
            seed,
        )
        made = entry.make(given)
        fit(made, given.budget)
        return made

    def support(self, clips: TokenCache, shots: int, seed: int) -> WindowBatch:
        """Up to shots of the short clips of each emotion, whole and with nothing left out."""
        emotions = np.array([emotion_of(track) for track in clips.tracks])
        chosen: List[int] = []
        for emotion in np.unique(emotions[emotions >= 0]):
            own = np.flatnonzero(emotions == emotion)
            chosen.extend(int(clip) for clip in np.random.default_rng((seed, int(emotion))).permutation(own)[:shots])
        slots = self.grid.slots
        return self.windows(clips).cut([Cut(clip, 0, min(slots, len(clips.tracks[clip]))) for clip in chosen])


def open_laboratory(encoded: EncodedData, bundle: Path, steps: int) -> Laboratory:
    """With the words of all clips, and the rules and ranges of the bundle."""
    opened = load_bundle(bundle)
    looked_up = {"pairs": opened.card.text.pairs, "whole_utterances": opened.card.text.whole_utterances}
    words = tuple(cache_vocabulary(encoded.training(), encoded.judged(), **looked_up)) or ("-",)
    return Laboratory(opened.card, opened.rules, encoded.grid(), words, steps)


@torch.no_grad()
def judge_clips(judge: Judge, windows: WindowSampler) -> Scored:
    """Every labelled segment of every clip, in windows that follow one another."""
    slots = windows.grid.slots
    cuts = [
        Cut(clip, start, min(slots, len(track) - start))
        for clip, track in enumerate(windows.cache.tracks)
        for start in range(0, len(track), slots)
    ]
    parts: List[Scored] = []
    for at in range(0, len(cuts), _JUDGED_AT_ONCE):
        batch = windows.cut(cuts[at : at + _JUDGED_AT_ONCE])
        probabilities = judge(batch).logits.double().softmax(-1).numpy()
        known = batch.class_index != UNLABELLED
        owner = np.repeat([cut.clip for cut in cuts[at : at + _JUDGED_AT_ONCE]], windows.grid.segments)
        owner = owner.reshape(known.shape)[known]
        subjects = np.array([windows.cache.tracks[clip].subject for clip in owner], str)
        rows = batch.class_index[known], probabilities[known], batch.shares[known]
        parts.append(Scored(subjects, owner.astype(str), *rows))
    return joined(parts)


def question_of(scored: Scored) -> Task:
    """18 classes where the labels have levels, else six emotions."""
    return SIX if not_askable(scored, EIGHTEEN) else EIGHTEEN


def run_of(scored: Scored) -> Run:
    """What a cell keeps of a run: its metrics, and of each person and class how many rows there were and were right."""
    task = question_of(scored)
    found = answers(scored, task)
    ones = np.ones(len(found.expected))
    people, owner = np.unique(found.subjects, return_inverse=True)
    rows, right = np.zeros((2, len(people), len(task.names)), int)
    np.add.at(rows, (owner, found.expected), 1)
    np.add.at(right, (owner, found.expected), found.said == found.expected)
    return {
        "task": task.name,
        ACC: accuracy(found.expected, found.said, ones),
        RECALL: macro_recall(found.expected, found.said, ones),
        "people": people.tolist(),
        "rows": rows.tolist(),  # (people, classes)
        "right": right.tolist(),
    }


def attempted(compute: Callable[[], Mapping[str, Run]]) -> Mapping[str, Any]:
    """The runs by name, or why there are none: too few clips for a method's tasks, or a loss that diverged.

    Raises BundleMismatch and EngineLoadError: a bundle's trouble is no result to be kept.
    """
    try:
        return compute()
    except (BundleMismatch, EngineLoadError):
        raise
    except (ValueError, FloatingPointError) as error:
        return {REASON: " ".join(str(error).split())}


def average(runs: Sequence[Run], metric: str = ACC) -> Cell:
    """Over the rounds."""
    return Score.of_rounds([run[metric] for run in runs]) if len(runs) > 1 else Missing("fewer than two rounds")


def worst(runs: Sequence[Run], metric: str = ACC) -> Cell:
    """The lowest of the rounds, beside their spread."""
    found = average(runs, metric)
    return replace(found, mean=min(run[metric] for run in runs)) if isinstance(found, Score) else found


def ahead(ours: Sequence[Run], others: Sequence[Run], metric: str = ACC, draws: int = 2000) -> Cell:
    """By how much the first are better in the same rounds, all together, with a 95 % bootstrap interval over people."""
    if len(ours) != len(others) or len(ours) < 2:
        return Missing("not the same rounds")
    if metric == RECALL and any(np.ndim(run["rows"]) < 2 for run in (*ours, *others)):
        return Missing("kept by an older version, which counted no classes")
    people = sorted({person for run in ours for person in run["people"]})
    rows, right = (_by_person(people, ours, name, metric) for name in ("rows", "right"))
    other_right = _by_person(people, others, "right", metric)
    drawn = np.random.default_rng(0).integers(len(people), size=(draws, len(people)))
    times = np.stack([np.bincount(each, minlength=len(people)) for each in (np.arange(len(people)), *drawn)])
    gains = _share_right(times, right, rows) - _share_right(times, other_right, rows)
    low, high = np.quantile(gains[1:], [0.025, 0.975])
    rounds = [run[metric] - other[metric] for run, other in zip(ours, others)]
    return Score(float(gains[0]), float(np.std(rounds, ddof=1)), len(rounds), float(low), float(high))


def _by_person(people: Sequence[str], runs: Sequence[Run], name: str, metric: str) -> np.ndarray:
    """(P, C) counts of all runs together; for the accuracy the classes are one."""
    total: Any = 0
    for run in runs:
        counts = np.asarray(run[name], float).reshape(len(run["people"]), -1)
        counts = counts.sum(1, keepdims=True) if metric == ACC else counts
        of_all = np.zeros((len(people), counts.shape[1]))
        of_all[np.searchsorted(people, run["people"])] = counts
        total = total + of_all
    return total


def _share_right(times: np.ndarray, right: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(draws,) mean over the classes that are there; times: (draws, P) how often each person was drawn."""
    held = times @ rows
    of_class = np.divide(times @ right, held, out=np.full(held.shape, np.nan), where=held > 0)
    return np.nanmean(of_class, axis=1)
