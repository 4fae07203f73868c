"""Words taken together as they were said in one go: what is looked up of a whole utterance."""

from itertools import chain
from typing import Iterable, List, NamedTuple, Sequence, Tuple

from stf2m_ros.stream.spoken_parts import START
from stf2m_ros.stream.text_embedding import BETWEEN, MARKS, word_parts
from stf2m_ros.stream.timed_word import TimedWord

PAUSE_S = 1.0
"""After so long a silence another utterance begins, also where the source of the words does not tell."""
TONE = "="
"""Stands before the marks of an utterance where a word is looked up with them, and in no word."""

BEFORE = "<"
"""Stands behind a word of the utterance before, and in no word."""


class SpokenUtterance(NamedTuple):
    """Seconds on the clock of its words."""

    start_s: float
    end_s: float
    alone: Tuple[str, ...]  # words and marks
    parts: Tuple[str, ...]  # what is looked up: TextSettings.lookups for each word and mark

    @property
    def as_before(self) -> Tuple[str, ...]:
        """What is looked up of it for the utterance that follows: a word of a question is no word of its answer."""
        return tuple(part + BETWEEN + BEFORE for part in self.alone)


def spoken_utterances(words: Iterable[TimedWord], pairs: bool) -> List[SpokenUtterance]:
    """The utterances that the words, in the order in which they were said, belong to."""
    return [_looked_up(members, pairs) for members in _together(words)]


def finished(words: Sequence[TimedWord], by_s: float) -> Tuple[TimedWord, ...]:
    """Those of the utterances that had ended by then: a recogniser tells the others later."""
    return tuple(chain.from_iterable(members for members in _together(words) if members[-1].end_s <= by_s))


def _together(words: Iterable[TimedWord]) -> List[List[TimedWord]]:
    found: List[List[TimedWord]] = []
    for word in words:
        if not found or word.begins or word.start_s - found[-1][-1].end_s > PAUSE_S:
            found.append([])
        found[-1].append(word)
    return found


def _looked_up(words: Sequence[TimedWord], pairs: bool) -> SpokenUtterance:
    # Texts are set with either apostrophe, and recognisers know one of them.
    alone = tuple(chain.from_iterable(word_parts(word.text.replace("’", "'")) for word in words))
    tone = TONE + "".join(mark for mark in MARKS if mark in alone)
    behind = (first + BETWEEN + second for first, second in zip((START, *alone), alone)) if pairs else ()
    toned = (part + BETWEEN + tone for part in alone)
    return SpokenUtterance(words[0].start_s, words[-1].end_s, alone, (*alone, *behind, *toned))
