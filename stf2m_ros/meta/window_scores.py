"""How good a window model is on clips of people it has never seen, and the temperature that makes it honest."""

from dataclasses import dataclass
from typing import Dict, List, Tuple

import numpy as np
import torch
from sklearn.metrics import accuracy_score, recall_score

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.meta.window_batches import NO_WORD, WindowSampler
from stf2m_ros.meta.window_training import WindowModel


@dataclass(frozen=True)
class Judged:
    """What the model said of the labelled segments of a set of windows, one row each."""

    logits: np.ndarray  # (K, 19)
    expected: np.ndarray  # (K,)
    component_error: np.ndarray  # (K, 12) absolute, NaN where unknown


@torch.no_grad()
def judge(model: WindowModel, sampler: WindowSampler, fill_s: float, modality: str = "both", batch: int = 16) -> Judged:
    """Every clip of the sampler's cache, its first fill_s seconds. modality: both, frames or words."""
    parts = []
    for start in range(0, len(sampler.cache), batch):
        windows = sampler.whole(range(start, min(start + batch, len(sampler.cache))), fill_s)
        if modality == "frames":
            windows = windows._replace(word_ids=np.full_like(windows.word_ids, NO_WORD))
        if modality == "words":
            windows = windows._replace(frame_presence=np.zeros_like(windows.frame_presence))
        out = model(windows)
        known = windows.class_index != UNLABELLED
        error = np.abs(out.components.numpy() - windows.components)
        parts.append((out.logits.numpy()[known], windows.class_index[known], error[known]))
    return Judged(*(np.concatenate(part) for part in zip(*parts)))


def scores(judged: Judged) -> Dict[str, float]:
    """Accuracies and mean absolute component error.

    accuracy_18 and recall_18: the paper's task, neutral masked, over segments with an emotion,
    left out where there are none; accuracy_19: over all.
    """
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
        "component_error": float(np.nanmean(judged.component_error)),
        "segments": int(len(judged.expected)),
    }


def all_scores(model: WindowModel, sampler: WindowSampler, span_s: float) -> Dict[str, Dict[str, float]]:
    """Full windows, short ones, and each modality alone."""
    studies: List[Tuple[str, float, str]] = [
        ("full_window", span_s, "both"),
        ("first_5_s", 5.0, "both"),
        ("first_1_s", 1.0, "both"),
        ("frames_only", span_s, "frames"),
        ("words_only", span_s, "words"),
    ]
    return {name: scores(judge(model, sampler, fill_s, modality)) for name, fill_s, modality in studies}


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
