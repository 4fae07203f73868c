"""How good a window model is on clips of people it has never seen, and the temperature that makes it honest."""

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch
from sklearn.metrics import accuracy_score, recall_score

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.meta.devices import moved
from stf2m_ros.meta.window_batches import NO_WORD, Cut, WindowSampler
from stf2m_ros.meta.window_training import WindowModel


@dataclass(frozen=True)
class Judged:
    """What the model said of the labelled segments of a set of windows, one row each."""

    logits: np.ndarray  # (K, 19)
    expected: np.ndarray  # (K,)
    component_error: np.ndarray  # (K, 12) absolute, NaN where unknown


@torch.no_grad()
def judge(
    model: WindowModel, sampler: WindowSampler, cuts: Sequence[Cut], modality: str = "both", batch: int = 16
) -> Judged:
    """Every labelled segment of every cut. modality: both, frames or words."""
    parts = []
    for start in range(0, len(cuts), batch):
        windows = sampler.cut(cuts[start : start + batch])
        if modality == "frames":
            windows = windows._replace(word_ids=np.full_like(windows.word_ids, NO_WORD))
        if modality == "words":
            windows = windows._replace(frame_presence=np.zeros_like(windows.frame_presence))
        out = moved(model(windows), torch.device("cpu"))
        known = windows.class_index != UNLABELLED
        error = np.abs(out.components.numpy() - windows.components)
        parts.append((out.logits.numpy()[known], windows.class_index[known], error[known]))
    return Judged(*(np.concatenate(part) for part in zip(*parts)))


def beginnings(sampler: WindowSampler, fill_s: float) -> List[Cut]:
    """The first fill_s seconds of every clip."""
    slots = round(fill_s / sampler.grid.slot_s)
    return [Cut(clip, 0, min(slots, len(track))) for clip, track in enumerate(sampler.cache.tracks)]


def moments(sampler: WindowSampler, per_clip: int = 12) -> List[Cut]:
    """Single frames out of every clip, with nothing before them: what one picture alone can tell."""
    rng = np.random.default_rng(0)
    starts = [rng.integers(len(track), size=per_clip) for track in sampler.cache.tracks]
    return [Cut(clip, int(start), 1) for clip, chosen in enumerate(starts) for start in chosen]


def scores(judged: Judged) -> Dict[str, float]:
    """Accuracies and mean absolute component error.

    accuracy_18 and recall_18: the paper's task, neutral masked, over segments with an emotion,
    left out where there are none; accuracy_19: over all. component_error: left out where no component is known.
    """
    known = ~np.isnan(judged.component_error)
    emotional = judged.expected != NEUTRAL_INDEX
    said_18 = judged.logits[emotional, :NEUTRAL_INDEX].argmax(-1)
    expected_18 = judged.expected[emotional]
    papers_task = {}
    if emotional.any():
        papers_task = {
            "accuracy_18": float(accuracy_score(expected_18, said_18)),
            "recall_18": float(recall_score(expected_18, said_18, average="macro", zero_division=0.0)),
            "accuracy_6": float(accuracy_score(expected_18 // 3, said_18 // 3)),
        }
    return {
        **papers_task,
        "accuracy_19": float(accuracy_score(judged.expected, judged.logits.argmax(-1))),
        **({"component_error": float(np.nanmean(judged.component_error))} if known.any() else {}),
        "segments": int(len(judged.expected)),
    }


def all_scores(model: WindowModel, sampler: WindowSampler) -> Dict[str, Dict[str, float]]:
    """Full windows, short ones, single frames, and each modality alone."""
    full = beginnings(sampler, sampler.grid.span_s)
    studies: List[Tuple[str, List[Cut], str]] = [
        ("full_window", full, "both"),
        ("first_5_s", beginnings(sampler, 5.0), "both"),
        ("one_frame", moments(sampler), "frames"),
        ("frames_only", full, "frames"),
        ("words_only", full, "words"),
    ]
    return {name: scores(judge(model, sampler, cuts, modality)) for name, cuts, modality in studies}


def fit_temperature(judged: Judged) -> float:
    """The divisor of the logits that makes their softmax likeliest on these segments."""
    logits, expected = torch.from_numpy(judged.logits).float(), torch.from_numpy(judged.expected).long()
    log_temperature = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_temperature], max_iter=50, line_search_fn="strong_wolfe")

    def likelihood() -> torch.Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits / log_temperature.exp(), expected)
        loss.backward()
        return loss

    optimiser.step(likelihood)
    return float(log_temperature.detach().exp())
