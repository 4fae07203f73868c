"""A clip on the robot's time grid: what each slot of 0.1 s holds and what it is labelled."""

import hashlib
from dataclasses import dataclass, replace
from typing import List, Optional, Sequence, Tuple

import numpy as np

from stf2m_ros.data.clip import Clip, TimedWord
from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.stream.settings import WindowGrid
from stf2m_ros.stream.spoken_parts import spoken_parts
from stf2m_ros.stream.spoken_utterances import spoken_utterances

UNLABELLED = -1


@dataclass(frozen=True)
class SlotTrack:
    """One clip, slot by slot. T slots from the clip's start.

    label_index: (T,) which of the clip's labels covers the slot, -1 for none.
    label_shares: (L, 19) the shares of each label; None where every label is of one class.
    """

    subject: str
    frame_index: np.ndarray  # (T,) which of the clip's frames the slot holds, -1 for none
    class_index: np.ndarray  # (T,) UNLABELLED where no label covers the slot's centre
    components: np.ndarray  # (T, 12) NaN where unknown
    words: Tuple[TimedWord, ...]
    label_shares: Optional[np.ndarray] = None
    label_index: Optional[np.ndarray] = None

    def __len__(self) -> int:
        return len(self.class_index)

    def shares(self, slots: slice) -> np.ndarray:
        """(T, 19) float32, how each slot is shared among the classes; zeros where it is not labelled."""
        if self.label_shares is None or self.label_index is None:
            return (self.class_index[slots, None] == np.arange(NUM_CLASSES)).astype(np.float32)
        index = self.label_index[slots]
        return self.label_shares[index] * (index >= 0)[:, None].astype(np.float32)


def slot_track(clip: Clip, grid: WindowGrid) -> SlotTrack:
    """Each slot holds the nearest frame within slot_s, as on the robot. Source: METHOD section 1."""
    slots = max(1, round(_duration_s(clip) / grid.slot_s))
    centres_s = np.arange(slots) * grid.slot_s
    frame_index = _nearest_frames(centres_s, np.asarray(clip.frame_s), grid.slot_s)
    label_index = _labels_at(centres_s, clip)
    shared = any(label.shares for label in clip.labels)
    return SlotTrack(
        subject=clip.subject,
        frame_index=frame_index,
        class_index=np.array([*(label.class_index for label in clip.labels), UNLABELLED])[label_index],
        components=_components_at(frame_index, clip),
        words=named_words(clip),
        label_shares=_shares_of_labels(clip) if shared else None,
        label_index=label_index,
    )


def _duration_s(clip: Clip) -> float:
    """Until the last that the clip holds; 0 where it holds nothing."""
    ends = [float(clip.frame_s[-1]) + 1e-9] if len(clip.frame_s) else []
    return max([0.0, *ends, *(label.end_s for label in clip.labels), *(word.end_s for word in clip.words)])


def _nearest_frames(centres_s: np.ndarray, frame_s: np.ndarray, reach_s: float) -> np.ndarray:
    if len(frame_s) == 0:
        return np.full(len(centres_s), -1)
    right = np.clip(np.searchsorted(frame_s, centres_s), 1, max(len(frame_s) - 1, 1))
    candidates = np.stack([right - 1, np.minimum(right, len(frame_s) - 1)])
    gaps = np.abs(frame_s[candidates] - centres_s)
    nearest = candidates[gaps.argmin(0), np.arange(len(centres_s))]
    return np.where(gaps.min(0) <= reach_s + 1e-6, nearest, -1)


def _labels_at(centres_s: np.ndarray, clip: Clip) -> np.ndarray:
    """(T,) the last of the clip's labels that covers the slot's centre, -1 for none."""
    index = np.full(len(centres_s), -1)
    for number, label in enumerate(clip.labels):
        index[(centres_s >= label.start_s - 1e-6) & (centres_s < label.end_s - 1e-6)] = number
    return index


def _shares_of_labels(clip: Clip) -> np.ndarray:
    certain = np.eye(NUM_CLASSES, dtype=np.float32)
    return np.array([label.shares or certain[label.class_index] for label in clip.labels], np.float32)


def _components_at(frame_index: np.ndarray, clip: Clip) -> np.ndarray:
    components = np.full((len(frame_index), 12), np.nan, np.float32)
    if clip.components is not None:
        held = frame_index >= 0
        components[held] = clip.components[frame_index[held]]
    return components


def named_words(clip: Clip) -> Tuple[TimedWord, ...]:
    """The clip's words; one whose text is not told, only its vector, is named after that vector."""
    if clip.word_vectors is None:
        return clip.words
    pairs = zip(clip.words, clip.word_vectors)
    return tuple(word if word.text else replace(word, text=_vector_name(vector)) for word, vector in pairs)


def _vector_name(vector: np.ndarray) -> str:
    return f"#{hashlib.sha256(np.asarray(vector, np.float32).tobytes()).hexdigest()[:16]}"


def vocabulary(tracks: Sequence[SlotTrack], pairs: bool = False, whole_utterances: bool = False) -> List[str]:
    """Every distinct word of the clips, lower-cased, and the marks behind words, sorted.

    pairs: and every two of them that follow each other. whole_utterances: what is looked up where those count.
    """
    if whole_utterances:
        told = (each for track in tracks for each in spoken_utterances(track.words, pairs))
        return sorted({part.lower() for each in told for part in (*each.parts, *each.as_before)})
    spoken = (parts for track in tracks for _, parts in spoken_parts(track.words, pairs))
    return sorted({part.lower() for parts in spoken for part in parts})
