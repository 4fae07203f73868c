"""An evaluation's clips as the bundle's frame encoder sees them: for studies that train methods.

The encoder is frozen and the same for every method, so each frame is encoded once; so is what the bundle reads of the
facial components, to which every method's own read-out is held (METHOD section 6).
"""

from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Iterable, List, NamedTuple, Set, Tuple

import cv2
import numpy as np

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.slots import SlotTrack, slot_track
from stf2m_ros.evaluation.data_choice import corrupted
from stf2m_ros.evaluation.interference.corruptions import CLEAN, WORDS, Corruption
from stf2m_ros.evaluation.judging import held_for_a_segment
from stf2m_ros.evaluation.laboratory.read_states import ReadStates
from stf2m_ros.evaluation.scores.subject_folds import subject_folds
from stf2m_ros.evaluation.study import EvaluationData
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, load_bundle, read_card
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.stream.frame_preprocessing import normalise
from stf2m_ros.stream.settings import WindowGrid

_FRAMES_AT_ONCE = 50
LONGEST_WINDOW_S = 8.0
"""Studies train dozens of networks, so their windows are shorter than the robot's 30 s."""
_FOLDS = 5


class Halves(NamedTuple):
    """Clips to learn from and clips of other people to be judged on."""

    training: TokenCache
    judged: TokenCache


class EncodedData:
    """Encodes what is asked for, once. Raises BundleMismatch, BundleNotFound."""

    def __init__(self, data: EvaluationData, bundle: Path) -> None:
        self.data = data
        self.card = read_card(bundle)
        self._engine = OnnxEngine(bundle / FRAME_ENCODER_FILE)
        self._states = ReadStates(load_bundle(bundle))
        self._kept: Dict[Tuple[str, Corruption], TokenCache] = {}

    def judged(self, corruption: Corruption = CLEAN) -> TokenCache:
        """All clips to be judged on, behind the interference."""
        return self._once("judged", corruption, lambda: self.data.clips(corruption))

    def training(self, corruption: Corruption = CLEAN) -> TokenCache:
        """All clips to learn from."""
        return self._once(
            "training", corruption, lambda: (corrupted(clip, corruption) for clip in self.data.training_clips())
        )

    def halves(
        self, round_number: int, seed: int, corruption: Corruption = CLEAN, hidden_in_training: bool = False
    ) -> Halves:
        """Of one round: the people of a set that has no held-out ones are parted anew in each, four to one.

        hidden_in_training: the clips to learn from meet the interference too.
        """
        judged, before = self.judged(corruption), corruption if hidden_in_training else CLEAN
        if self.data.held_out:
            return Halves(self.training(before), judged)
        subjects = [track.subject for track in judged.tracks]
        fold = subject_folds(subjects, _FOLDS, seed + round_number // _FOLDS)[round_number % _FOLDS]
        unseen = {subjects[clip] for clip in fold.test}
        return Halves(part_of(self.judged(before), set(subjects) - unseen), part_of(judged, unseen))

    def grid(self) -> WindowGrid:
        """Windows as long as the longest clip, up to LONGEST_WINDOW_S; two segments at least."""
        grid = self.card.grid
        longest_s = max(len(track) for track in self.judged().tracks) * grid.slot_s
        segments = int(np.ceil(min(longest_s, LONGEST_WINDOW_S, grid.span_s) / grid.segment_s - 1e-6))
        span_s = max(segments, 2) * grid.segment_s
        return replace(grid, span_s=span_s, settle_s=min(grid.settle_s, span_s))

    def _once(self, part: str, corruption: Corruption, clips: Callable[[], Iterable[Clip]]) -> TokenCache:
        key = part, corruption if corruption.level else CLEAN
        if key not in self._kept:
            self._kept[key] = self._encoded(clips())
        return self._kept[key]

    def _encoded(self, clips: Iterable[Clip]) -> TokenCache:
        tokens: List[np.ndarray] = []
        states: List[np.ndarray] = []
        tracks: List[SlotTrack] = []
        starts, at = [], 0
        for clip in clips:
            clip = held_for_a_segment(clip, self.card.grid.segment_s)
            if not clip.labels:
                continue
            tracks.append(slot_track(clip, self.card.grid))
            tokens.append(self._tokens(clip))
            states.append(self._states.of_clip(tokens[-1], tracks[-1]))
            starts.append(at)
            at += len(tokens[-1])
        if not tracks:
            raise ValueError(f"{self.data.name}: expected labelled clips, found none")
        return TokenCache(np.concatenate(tokens), tuple(tracks), tuple(starts), np.concatenate(states))

    def _tokens(self, clip: Clip) -> np.ndarray:
        """(T, R, D) float16 of the clip's frames."""
        shape, size = self.card.tokens, self.card.preprocessing.size_px
        if clip.frames is None or not len(clip.frames):
            return np.zeros((0, shape.regions, shape.token_dim), np.float16)
        faces = clip.frames
        if faces.shape[1] != size:
            faces = np.stack([cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA) for face in faces])
        parts = [
            self._engine.run({"faces": normalise(faces[at : at + _FRAMES_AT_ONCE], self.card.preprocessing)})["tokens"]
            for at in range(0, len(faces), _FRAMES_AT_ONCE)
        ]
        return np.concatenate(parts).astype(np.float16)


def part_of(cache: TokenCache, subjects: Set[str]) -> TokenCache:
    """The clips of these people."""
    return chosen_clips(cache, [index for index, track in enumerate(cache.tracks) if track.subject in subjects])


def chosen_clips(cache: TokenCache, chosen: Iterable[int]) -> TokenCache:
    """Some of the clips, in the given order."""
    chosen = [int(index) for index in chosen]
    return replace(
        cache,
        tracks=tuple(cache.tracks[index] for index in chosen),
        starts=tuple(cache.starts[index] for index in chosen),
    )


def with_masked_words(cache: TokenCache, share: float, seed: int) -> TokenCache:
    """A share of every clip's words is not heard."""
    masked = Corruption(WORDS, share, seed)
    tracks = tuple(
        replace(
            track, words=tuple(word for place, word in enumerate(track.words) if masked.keeps_word(str(clip), place))
        )
        for clip, track in enumerate(cache.tracks)
    )
    return replace(cache, tracks=tracks)
