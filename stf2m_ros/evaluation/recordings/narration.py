"""The emotion-change sequence as lines to read, told as it settles."""

from typing import Iterator, List, Sequence, Tuple

from stf2m_ros.emotions import CLASS_NAMES, NEUTRAL_INDEX
from stf2m_ros.evaluation.recordings.merged_windows import absent_spans
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, AbsenceReason, Modality, Run, Segment
from stf2m_ros.runtime.sequence_builder import merge_runs
from stf2m_ros.stream.timed_word import TimedWord

ABSENCE_TEXTS = {
    AbsenceReason.PRESENT: "",
    AbsenceReason.WINDOW_FILLING: "nothing yet",
    AbsenceReason.NO_IMAGES: "no images",
    AbsenceReason.NO_FACE: "nobody seen",
    AbsenceReason.OTHER_PERSON: "somebody else",
    AbsenceReason.BAD_IMAGE: "unreadable images",
}
BAR_CELLS = 12
WORDS_CHARACTERS = 44
_TOLERANCE_S = 0.01
_ANY = Modality.FACE | Modality.WORDS


class Narrator:
    """Tells each stretch of one emotion, or of nobody, once: when it is over and settled."""

    def __init__(self) -> None:
        self._told_until_s = float("-inf")

    def news(
        self, segments: Sequence[Segment], words: Sequence[TimedWord], origin_s: float, over: bool = False
    ) -> List[str]:
        """Lines not told yet. over: nothing more will come, so that the last stretch is told too."""
        # Late words may revise what was told: from there on the rest is told anew, without gaps.
        settled = [each for each in segments if each.settled and each.start_s > self._told_until_s - _TOLERANCE_S]
        lines = []
        for _, end_s, text in sorted(_stretches(settled, words, origin_s)):
            if over or end_s < settled[-1].end_s:
                lines.append(text)
                self._told_until_s = end_s
        return lines


def current_line(segments: Sequence[Segment], origin_s: float) -> str:
    """What the newest segment says, while it may still change."""
    newest = segments[-1]
    if newest.class_index == NO_CLASS:
        state = ABSENCE_TEXTS[newest.absence]
    else:
        state = f"{CLASS_NAMES[newest.class_index]}, confidence {newest.confidence:.2f}"
    return f"  now {newest.end_s - origin_s:6.1f} s  {state}"


def _stretches(
    settled: Sequence[Segment], words: Sequence[TimedWord], origin_s: float
) -> Iterator[Tuple[float, float, str]]:
    for run in merge_runs(settled):
        yield run.start_s, run.end_s, _run_line(run, words, origin_s)
    for start_s, end_s, reason in absent_spans(settled, _ANY):
        yield start_s, end_s, f"{_span(start_s, end_s, origin_s)}  ({ABSENCE_TEXTS[reason]})"


def _run_line(run: Run, words: Sequence[TimedWord], origin_s: float) -> str:
    filled = 0 if run.class_index == NEUTRAL_INDEX else round(run.intensity * BAR_CELLS)
    bar = "█" * filled + "·" * (BAR_CELLS - filled)
    said = " ".join(word.text for word in words if run.start_s <= word.start_s < run.end_s)
    said = said if len(said) <= WORDS_CHARACTERS else said[: WORDS_CHARACTERS - 1] + "…"
    name = CLASS_NAMES[run.class_index]
    line = f"{_span(run.start_s, run.end_s, origin_s)}  {name:<16} {bar}  confidence {run.confidence:.2f}"
    return f"{line}  “{said}”" if said else line


def _span(start_s: float, end_s: float, origin_s: float) -> str:
    return f"  {max(0.0, start_s - origin_s):6.1f} – {end_s - origin_s:5.1f} s"
