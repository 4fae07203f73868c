"""What a speech recognizer says it heard, and how its text becomes words with times."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import accumulate
from typing import Iterable, Optional, Tuple

from stf2m_ros.stream.timed_word import TimedWord, check_span

_MARK = "\ue000"  # stands for any vowel sign or accent, which are no \w to Python; of private use, so in no text
_WORD = re.compile(rf"\w[\w{_MARK}]*(?:['’\-]\w[\w{_MARK}]*)*[?!]*")
_CHARACTERS_PER_S = 14.0  # about 150 English words a minute
_LONGEST_ESTIMATE_S = 300.0  # nobody speaks 100 kB in one go


@dataclass(frozen=True)
class Utterance:
    """A stretch of speech. Seconds on the clock of the message stamps.

    Raises ValueError for times that are not finite or run backwards.
    """

    text: str
    start_s: float
    end_s: float
    words: Tuple[TimedWord, ...] = ()  # empty: the text's words are spread over start_s..end_s
    speaker_id: str = ""
    utterance_id: str = ""  # an utterance of the same id is a correction; two different ids are never the same speech
    is_final: bool = True
    start_is_estimated: bool = False  # the source told when it ended at most

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)


def spoken_until(text: str, end_s: float, utterance_id: str = "") -> Utterance:
    """An utterance of which only the end is known, such as plain text stamped at arrival; its start is estimated."""
    length_s = min(len(text) / _CHARACTERS_PER_S, _LONGEST_ESTIMATE_S)
    return Utterance(text, end_s - length_s, end_s, utterance_id=utterance_id, start_is_estimated=True)


def clean_text(text: str) -> str:
    """The text without control characters, surrogates and the like; white space becomes single blanks.

    A letter and its accent become one character, or the accent would split the word.
    """
    composed = unicodedata.normalize("NFC", text)
    spaced = "".join(" " if character.isspace() else character for character in composed)
    kept = (character for character in spaced if not unicodedata.category(character).startswith("C"))
    return " ".join("".join(kept).split())


def split_words(text: str) -> Tuple[str, ...]:
    """The words of a text; "don't" and "x-ray" are one word each.

    Of the punctuation only ? and ! stay, at the end of their word: how a thing was said stands in them. Vowel signs, as
    of Hindi and Hebrew, are part of their word.
    """
    found = text if text.isascii() else "".join(_MARK if _is_mark(character) else character for character in text)
    return tuple(text[match.start() : match.end()] for match in _WORD.finditer(found))


def _is_mark(character: str) -> bool:
    """Whether it changes the letter before it, by Unicode's categories."""
    return unicodedata.category(character).startswith("M")


def spread_words(words: Tuple[str, ...], start_s: float, end_s: float) -> Tuple[TimedWord, ...]:
    """Give each word its share of start_s..end_s by its number of characters."""
    edges = [0, *accumulate(len(word) for word in words)]
    per_character_s = (end_s - start_s) / max(1, edges[-1])
    return tuple(
        TimedWord(word, start_s + first * per_character_s, start_s + last * per_character_s)
        for word, first, last in zip(words, edges, edges[1:])
    )


def plain_words(spoken: Iterable[TimedWord], longest: Optional[int] = None) -> Tuple[TimedWord, ...]:
    """A "word" of a recognizer may hold punctuation, or be two: each word has its share of the time.

    longest: so many characters of each count; None for all.
    """
    parts = (
        spread_words(
            tuple(part[:longest] for part in split_words(clean_text(word.text[:longest]))), word.start_s, word.end_s
        )
        for word in spoken
    )
    return tuple(word for part in parts for word in part)
