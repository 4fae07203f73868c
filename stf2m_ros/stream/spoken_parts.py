"""What is looked up in the text table of words in the order in which they were said."""

from typing import Iterable, Iterator, Tuple

from stf2m_ros.stream.text_embedding import BETWEEN, word_parts
from stf2m_ros.stream.timed_word import TimedWord

PAUSE_S = 0.1
"""After so long a silence a word follows nothing. Recognisers and spread texts leave none between fluent words."""
START = "^"


def spoken_parts(words: Iterable[TimedWord], pairs: bool) -> Iterator[Tuple[TimedWord, Tuple[str, ...]]]:
    """Each word with its parts: itself and its marks, and with `pairs` each of them once more behind the one before."""
    before, ended_s = START, float("-inf")
    for word in words:
        parts = word_parts(word.text)
        if not pairs:
            yield word, parts
            continue
        before = before if word.start_s - ended_s <= PAUSE_S else START
        followed = (before, *parts)
        yield word, (*parts, *(first + BETWEEN + second for first, second in zip(followed, parts)))
        before, ended_s = followed[-1], word.end_s
