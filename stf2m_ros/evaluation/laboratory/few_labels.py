"""Few labels: so many labelled expressions of each class and nothing else, and labels that are partly wrong."""

from dataclasses import replace
from typing import List

import numpy as np

from stf2m_ros.data.clip import TimedWord
from stf2m_ros.data.slots import UNLABELLED, SlotTrack
from stf2m_ros.emotions import INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.evaluation.laboratory.encoded_data import chosen_clips
from stf2m_ros.evaluation.scores.subject_folds import few_and_partly_wrong
from stf2m_ros.meta.tasks import Group, groups_of
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.stream.settings import WindowGrid

FEW_SHARE, WRONG_SHARE = 0.2, 0.3
"""Of the data, and of its labels. Source: the paper's Table V."""


def expressions(cache: TokenCache, grid: WindowGrid) -> TokenCache:
    """One short clip for every expression: a window's length around it, labelled on the expression alone.

    An expression goes from neutral to neutral, and has the neutral face on both sides with it.
    """
    groups = [group for clip, track in enumerate(cache.tracks) for group in groups_of(clip, track.class_index)]
    tracks = tuple(_short_clip(cache.tracks[group.clip], group, grid) for group in groups)
    return replace(cache, tracks=tracks, starts=tuple(cache.starts[group.clip] for group in groups))


def shots_of_each_class(clips: TokenCache, shots: int, seed: int) -> TokenCache:
    """Short clips drawn so that none of the classes is in more than `shots` of them, and each in as many as can be."""
    held = np.zeros(NEUTRAL_INDEX, int)
    chosen: List[int] = []
    for clip in np.random.default_rng(seed).permutation(len(clips)):
        classes = np.unique(clips.tracks[clip].class_index)
        classes = classes[(classes != UNLABELLED) & (classes != NEUTRAL_INDEX)]
        if (held[classes] < shots).all():
            chosen.append(int(clip))
            held[classes] += 1
    return chosen_clips(clips, chosen)


def emotion_of(track: SlotTrack) -> int:
    """Of a short clip: the emotion that fills most of it, -1 where there is none."""
    emotional = track.class_index[(track.class_index != UNLABELLED) & (track.class_index != NEUTRAL_INDEX)]
    return int(np.bincount(emotional // len(INTENSITIES)).argmax()) if len(emotional) else -1


def most_of_one_emotion(clips: TokenCache) -> int:
    """How many short clips show the emotion that most of them show."""
    return int(np.bincount([emotion_of(track) + 1 for track in clips.tracks], minlength=2)[1:].max())


def few_with_wrong_labels(clips: TokenCache, share: float, wrong_share: float, seed: int) -> TokenCache:
    """A share of the short clips, in part of which another emotion than the shown one is given; the levels stay.

    Source: the paper's Table V.
    """
    emotions = np.array([emotion_of(track) for track in clips.tracks])
    given = few_and_partly_wrong(np.flatnonzero(emotions >= 0), emotions, share, wrong_share, seed)
    few = chosen_clips(clips, given.clips)
    tracks = (_relabelled(track, int(emotion)) for track, emotion in zip(few.tracks, given.labels))
    return replace(few, tracks=tuple(tracks))


def _relabelled(track: SlotTrack, emotion: int) -> SlotTrack:
    """The same levels of another emotion."""
    if emotion == emotion_of(track):
        return track
    emotional = (track.class_index != UNLABELLED) & (track.class_index != NEUTRAL_INDEX)
    wrong = emotion * len(INTENSITIES) + track.class_index % len(INTENSITIES)
    shares = None if track.label_shares is None else _moved_to(track.label_shares, emotion)
    return replace(track, class_index=np.where(emotional, wrong, track.class_index), label_shares=shares)


def _moved_to(shares: np.ndarray, emotion: int) -> np.ndarray:
    """(L, 19) all that lies on emotions on one of them, level by level."""
    moved = np.zeros_like(shares)
    levels = shares[:, :NEUTRAL_INDEX].reshape(len(shares), -1, len(INTENSITIES)).sum(1)
    moved[:, emotion * len(INTENSITIES) : (emotion + 1) * len(INTENSITIES)] = levels
    moved[:, NEUTRAL_INDEX] = shares[:, NEUTRAL_INDEX]
    return moved


def _short_clip(track: SlotTrack, group: Group, grid: WindowGrid) -> SlotTrack:
    length = min(grid.slots, len(track))
    start = int(np.clip((group.start + group.end - length) // 2, 0, len(track) - length))
    own = np.zeros(len(track), bool)
    own[group.start : group.end] = True
    cut = slice(start, start + length)
    index = None if track.label_index is None else np.where(own, track.label_index, -1)[cut]
    return replace(
        track,
        frame_index=track.frame_index[cut],
        class_index=np.where(own, track.class_index, UNLABELLED)[cut],
        components=np.where(own[:, None], track.components, np.float32(np.nan))[cut],
        words=_words_between(track, start * grid.slot_s, cut.stop * grid.slot_s),
        label_index=index,
    )


def _words_between(track: SlotTrack, from_s: float, until_s: float) -> "tuple[TimedWord, ...]":
    spoken = (word for word in track.words if from_s <= word.start_s < until_s)
    return tuple(replace(word, start_s=word.start_s - from_s, end_s=word.end_s - from_s) for word in spoken)
