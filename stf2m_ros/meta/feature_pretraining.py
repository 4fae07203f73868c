"""Ready visual features in place of pictures (35 FACET values in CMU-MOSEI): stage 1, and every row encoded once.

The front end is one linear map after each feature was brought to mean 0 and deviation 1. Source: METHOD section 5.
"""

from pathlib import Path
from typing import Dict, List, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.data.row_files import RowFiles, StoredRows
from stf2m_ros.data.slots import UNLABELLED, slot_track
from stf2m_ros.emotions import INTENSITIES
from stf2m_ros.meta.devices import device_of
from stf2m_ros.meta.pretraining import FrameReadout
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings
from stf2m_ros.net.frame_encoder import FeatureFrontEnd
from stf2m_ros.stream.settings import WindowGrid


class FeatureSet(NamedTuple):
    """N rows of features of labelled frames."""

    features: np.ndarray  # (N, F) float32
    class_index: np.ndarray  # (N,)


def feature_set(store: ClipStore, names: List[str], width: int, per_clip: int, grid: WindowGrid) -> FeatureSet:
    """Up to per_clip rows of every clip, spread over its labelled time. Raises ValueError where there are none."""
    rows, classes = [np.zeros((0, width), np.float32)], [np.zeros(0, int)]
    for name in tqdm(names, desc="sample features", mininterval=1.0):
        clip = store.read(name, frames=False)
        found, track = features_of(clip, width), slot_track(clip, grid)
        usable = np.flatnonzero((track.class_index != UNLABELLED) & (track.frame_index >= 0))
        if len(found) and len(usable):
            chosen = np.unique(usable[np.linspace(0, len(usable) - 1, per_clip).round().astype(int)])
            rows.append(found[track.frame_index[chosen]])
            classes.append(track.class_index[chosen])
    if len(rows) == 1:
        raise ValueError(
            f"{store.folder}: expected labelled clips with {width} features, found none among {len(names)}"
        )
    return FeatureSet(np.concatenate(rows), np.concatenate(classes))


def features_of(clip: Clip, width: int) -> np.ndarray:
    """(T, F) of the clip, no rows where it has none. Raises ValueError for features of another width."""
    if clip.features is None:
        return np.zeros((0, width), np.float32)
    if clip.features.shape[1] != width:
        raise ValueError(f"{clip.clip_id}: expected {width} features a frame, found {clip.features.shape[1]}")
    return clip.features


class FeaturePretrainingTask:
    """The losses of step number `step`: emotion and neutral from single rows; of several processes, our share."""

    def __init__(
        self,
        readout: FrameReadout,
        features: FeatureSet,
        settings: OptimiserSettings,
        seed: int,
        processes: Processes = ALONE,
    ) -> None:
        self.readout, self.features, self.seed, self.size = readout, features, seed, settings.batch_size
        self.share, self.fraction = processes.share(self.size), processes.fraction(self.size)

    def __call__(self, step: int) -> Losses:
        rng, device = np.random.default_rng((self.seed, step)), device_of(self.readout)
        index = rng.integers(len(self.features.class_index), size=self.size)[self.share]
        logits, _ = self.readout(torch.from_numpy(self.features.features[index]).to(device))
        emotion = torch.from_numpy(self.features.class_index[index] // len(INTENSITIES)).long().to(device)
        return {"emotion": functional.cross_entropy(logits, emotion, label_smoothing=0.05) * self.fraction}


@torch.no_grad()
def feature_scores(readout: FrameReadout, features: FeatureSet) -> Dict[str, float]:
    """Accuracy over six emotions and neutral on single rows."""
    said: Tensor = readout(torch.from_numpy(features.features).to(device_of(readout)))[0].argmax(-1).cpu()
    return {"frame_accuracy_7": float(np.mean(said.numpy() == features.class_index // len(INTENSITIES)))}


@torch.no_grad()
def feature_cache(
    store: ClipStore, names: List[str], front_end: FeatureFrontEnd, stamp: str, grid: WindowGrid, folder: Path
) -> TokenCache:
    """The tokens of every row, in the folder; made first where they are missing, or of other clips or weights."""
    width = front_end.features
    files = RowFiles(folder, "tokens", {"clips": store.digest(names), "features": stamp, "grid": fingerprint(grid)})
    clips = store.read_all(names, frames=False)
    tracks, lengths = zip(*((slot_track(clip, grid), len(features_of(clip, width))) for clip in clips))
    starts = np.cumsum((0, *lengths))
    if not files.complete:
        shape = (int(starts[-1]), front_end.regions, front_end.token_dim)
        tokens = files.begin(len(names), {"tokens": (shape, np.float16)})["tokens"]
        for item in files.to_do("encode once"):
            rows = torch.from_numpy(features_of(store.read(names[item], frames=False), width)).to(device_of(front_end))
            tokens[starts[item] : starts[item + 1]] = front_end(rows).cpu().numpy()
    return TokenCache(StoredRows(folder / "tokens.npy"), tracks, tuple(int(start) for start in starts[:-1]))
