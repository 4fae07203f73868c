"""Utterances of one dialogue, one after the other on one clock: what was said before stands in the same window."""

from dataclasses import replace
from itertools import groupby
from typing import Iterable, Iterator, List, Tuple

import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.stream.timed_word import as_utterance

LONGEST_PAUSE_S = 3.0
SHORTEST_S, LONGEST_S = 0.3, 15.0
"""Of an utterance. Some of MELD's times are off by minutes; words cannot be."""


def dialogues(utterances: Iterable[Clip]) -> Iterator[Clip]:
    """The words and labels of MELD's utterances, joined: one clip a dialogue, one label an utterance.

    utterances: in their order, with the facts `dialogue` and `start_s`. Pictures, if any, are not taken over.
    Times are cut to what can be: an utterance begins when the one before has ended, LONGEST_PAUSE_S later at most.
    """
    for dialogue, members in groupby(utterances, key=lambda clip: clip.facts["dialogue"]):
        yield _joined(dialogue, list(members))


def _joined(dialogue: str, members: List[Clip]) -> Clip:
    words: List[TimedWord] = []
    labels: List[LabelInterval] = []
    ended_s, own_end_s = 0.0, float(members[0].facts["start_s"])
    for member in members:
        (label,) = member.labels
        pause_s = min(max(float(member.facts["start_s"]) - own_end_s, 0.0), LONGEST_PAUSE_S)
        own_end_s = float(member.facts["start_s"]) + label.end_s
        start_s, length_s = ended_s + pause_s, min(max(label.end_s, SHORTEST_S), LONGEST_S)
        labels.append(replace(label, start_s=start_s, end_s=start_s + length_s))
        words.extend(_shifted(member.words, start_s, length_s / label.end_s))
        ended_s = start_s + length_s
    return Clip(f"dialogue-{dialogue}", dialogue, None, np.empty(0), tuple(words), tuple(labels), None)


def _shifted(words: Tuple[TimedWord, ...], start_s: float, scale: float) -> Iterator[TimedWord]:
    return (
        replace(word, start_s=start_s + scale * word.start_s, end_s=start_s + scale * word.end_s)
        for word in as_utterance(words)
    )
