"""A clip on the robot's time grid: what each slot of 0.1 s holds and what it is labelled."""

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np

from stf2m_ros.data.clip import Clip, TimedWord
from stf2m_ros.stream.settings import WindowGrid

UNLABELLED = -1


@dataclass(frozen=True)
class SlotTrack:
    """One clip, slot by slot. T slots from the clip's start."""

    subject: str
    frame_index: np.ndarray  # (T,) which of the clip's frames the slot holds, -1 for none
    class_index: np.ndarray  # (T,) UNLABELLED where no label covers the slot's centre
    components: np.ndarray  # (T, 12) NaN where unknown
    words: Tuple[TimedWord, ...]

    def __len__(self) -> int:
        return len(self.class_index)


def slot_track(clip: Clip, grid: WindowGrid) -> SlotTrack:
    """Each slot holds the nearest frame within slot_s, as on the robot. Source: METHOD section 1."""
    slots = max(1, round(_duration_s(clip) / grid.slot_s))
    centres_s = np.arange(slots) * grid.slot_s
    frame_index = _nearest_frames(centres_s, np.asarray(clip.frame_s), grid.slot_s)
    return SlotTrack(
        subject=clip.subject,
        frame_index=frame_index,
        class_index=_classes_at(centres_s, clip),
        components=_components_at(frame_index, clip),
        words=clip.words,
    )


def _duration_s(clip: Clip) -> float:
    ends = [float(clip.frame_s[-1]) + 1e-9] if len(clip.frame_s) else []
    return max([*ends, *(label.end_s for label in clip.labels), *(word.end_s for word in clip.words)])


def _nearest_frames(centres_s: np.ndarray, frame_s: np.ndarray, reach_s: float) -> np.ndarray:
    if len(frame_s) == 0:
        return np.full(len(centres_s), -1)
    right = np.clip(np.searchsorted(frame_s, centres_s), 1, max(len(frame_s) - 1, 1))
    candidates = np.stack([right - 1, np.minimum(right, len(frame_s) - 1)])
    gaps = np.abs(frame_s[candidates] - centres_s)
    nearest = candidates[gaps.argmin(0), np.arange(len(centres_s))]
    return np.where(gaps.min(0) <= reach_s + 1e-6, nearest, -1)


def _classes_at(centres_s: np.ndarray, clip: Clip) -> np.ndarray:
    classes = np.full(len(centres_s), UNLABELLED)
    for label in clip.labels:
        classes[(centres_s >= label.start_s - 1e-6) & (centres_s < label.end_s - 1e-6)] = label.class_index
    return classes


def _components_at(frame_index: np.ndarray, clip: Clip) -> np.ndarray:
    components = np.full((len(frame_index), 12), np.nan, np.float32)
    if clip.components is not None:
        held = frame_index >= 0
        components[held] = clip.components[frame_index[held]]
    return components


def vocabulary(tracks: Sequence[SlotTrack]) -> List[str]:
    """Every distinct word of the clips, lower-cased, sorted."""
    return sorted({word.text.lower() for track in tracks for word in track.words})
