"""The words of the followed speaker with their times; later ones may correct what was heard before."""

from dataclasses import dataclass, replace
from typing import List, Tuple

from stf2m_ros.stream.timed_word import TimedWord, as_utterance
from stf2m_ros.stream.utterance import Utterance, clean_text, plain_words, split_words, spread_words

__all__ = ["Heard", "TimedWord", "Transcript", "TranscriptLimits", "Utterance"]


@dataclass(frozen=True)
class TranscriptLimits:
    """How much text is believed. A person speaks some 500 characters in 30 s."""

    utterance_characters: int = 4000
    word_characters: int = 64
    words: int = 2000  # in the whole transcript; the words heard first go first
    utterance_s: float = 600.0  # a longer one has a wrong time, and its words would stand in every window to come

    def __post_init__(self) -> None:
        if min(self.utterance_characters, self.word_characters, self.words, self.utterance_s) < 1:
            raise ValueError(f"expected transcript limits of at least 1, found {self}")


DEFAULT_LIMITS = TranscriptLimits()


@dataclass(frozen=True)
class Heard:
    """What became of an utterance: how many words were kept, and what had to be done to it ("" for nothing)."""

    words: int
    remark: str = ""


@dataclass(frozen=True)
class _Kept:
    utterance: Utterance
    words: Tuple[TimedWord, ...]


class Transcript:
    """Timed words by the stamps they were spoken at, however late they arrive.

    An utterance replaces the one with its utterance_id, whoever spoke it, or, where either has no id, those of the same
    speaker whose time it shares by more than half; so a corrected text never stands beside the wrong one. A start that
    was only estimated says nothing of that: texts that come in quick succession follow each other.
    """

    def __init__(self, limits: TranscriptLimits = DEFAULT_LIMITS, followed_speaker: str = "") -> None:
        """followed_speaker: if not empty, utterances that name another speaker are passed over."""
        self._limits = limits
        self._followed_speaker = followed_speaker
        self._kept: List[_Kept] = []

    def add(self, utterance: Utterance) -> Heard:
        """Take an utterance in; an empty correction takes the former text back."""
        if not utterance.is_final:
            return Heard(0, "not final")
        length_s = _end_s(utterance) - _start_s(utterance)
        if length_s > self._limits.utterance_s:
            return Heard(0, f"passed over: expected at most {self._limits.utterance_s:.0f} s, found {length_s:.0f}")
        self._kept = [kept for kept in self._kept if not _is_correction(utterance, kept.utterance)]
        # Only now: who spoke may be what is corrected.
        if self._followed_speaker and utterance.speaker_id not in ("", self._followed_speaker):
            return Heard(0, f"of speaker {utterance.speaker_id!r}, not {self._followed_speaker!r}")
        if utterance.start_is_estimated:
            utterance = self._begun_after_the_last(utterance)
        words, remark = self._believed_words(utterance)
        self._kept.append(_Kept(utterance, words))
        self._drop_the_first_heard()
        return Heard(len(words), remark)

    def words_between(self, start_s: float, end_s: float) -> Tuple[TimedWord, ...]:
        """The words of which any part lies in [start_s, end_s), in the order they were spoken."""
        words = (word for kept in self._kept for word in kept.words if word.overlaps(start_s, end_s))
        return tuple(sorted(words, key=lambda word: (word.start_s, word.end_s)))

    def forget_before(self, stamp_s: float) -> None:
        """Drop the utterances that had ended by stamp_s."""
        self._kept = [kept for kept in self._kept if _end_s(kept.utterance) > stamp_s]

    def reset(self) -> None:
        self._kept = []

    def _begun_after_the_last(self, utterance: Utterance) -> Utterance:
        """Nobody speaks twice at a time."""
        before = [kept.utterance for kept in self._kept if kept.utterance.speaker_id == utterance.speaker_id]
        ends_s = [each.end_s for each in before if each.end_s <= utterance.end_s]
        return replace(utterance, start_s=max([utterance.start_s, *ends_s]))

    def _believed_words(self, utterance: Utterance) -> Tuple[Tuple[TimedWord, ...], str]:
        limits, remarks = self._limits, []
        # Cut first: cleaning 100 kB of somebody's mistake would cost time for nothing.
        text = utterance.text[: limits.utterance_characters]
        if len(text) < len(utterance.text):
            remarks.append(f"text of {len(utterance.text)} characters cut to {len(text)}")
        cleaned = clean_text(text)
        if any(not character.isprintable() and not character.isspace() for character in text):
            remarks.append("control characters removed")
        words = self._timed_words(utterance, cleaned)
        if len(words) > limits.words:
            remarks.append(f"{len(words)} words cut to {limits.words}")
        return as_utterance(words[: limits.words]), "; ".join(remarks)

    def _timed_words(self, utterance: Utterance, cleaned: str) -> Tuple[TimedWord, ...]:
        longest = self._limits.word_characters
        if not utterance.words:
            words = tuple(word[:longest] for word in split_words(cleaned))
            return spread_words(words, utterance.start_s, utterance.end_s)
        return plain_words(utterance.words[: self._limits.words + 1], longest)

    def _drop_the_first_heard(self) -> None:
        while sum(len(kept.words) for kept in self._kept) > self._limits.words or len(self._kept) > self._limits.words:
            self._kept.pop(0)


def _is_correction(new: Utterance, old: Utterance) -> bool:
    if new.utterance_id and old.utterance_id:
        return new.utterance_id == old.utterance_id
    if new.speaker_id != old.speaker_id:
        return False
    if new.start_is_estimated or old.start_is_estimated:
        return (new.text, new.end_s) == (old.text, old.end_s)
    if (new.start_s, new.end_s) == (old.start_s, old.end_s):
        return True
    shared_s = min(new.end_s, old.end_s) - max(new.start_s, old.start_s)
    return shared_s > 0.5 * min(new.end_s - new.start_s, old.end_s - old.start_s) and shared_s > 0


def _start_s(utterance: Utterance) -> float:
    return min([utterance.start_s, *(word.start_s for word in utterance.words)])


def _end_s(utterance: Utterance) -> float:
    return max([utterance.end_s, *(word.end_s for word in utterance.words)])
