"""The sequence told in lines."""

from segments import make_segment

from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.evaluation.recordings.narration import Narrator, current_line
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, AbsenceReason
from stf2m_ros.stream.timed_word import TimedWord

SMILE = 2


def spell(classes, settled=True):
    return [make_segment(0.5 * step, index, settled) for step, index in enumerate(classes)]


def test_a_run_is_told_once_and_only_when_it_is_over():
    narrator = Narrator()
    assert narrator.news(spell([SMILE, SMILE]), [], 0.0) == []
    first = narrator.news(spell([SMILE, SMILE, NEUTRAL_INDEX]), [], 0.0)
    assert len(first) == 1 and "happiness-high" in first[0] and "1.0 s" in first[0]
    assert narrator.news(spell([SMILE, SMILE, NEUTRAL_INDEX, NEUTRAL_INDEX]), [], 0.0) == []


def test_the_last_run_is_told_when_the_clip_is_over():
    assert "neutral" in Narrator().news(spell([NEUTRAL_INDEX]), [], 0.0, over=True)[0]


def test_unsettled_segments_are_not_told():
    assert Narrator().news(spell([SMILE, NEUTRAL_INDEX], settled=False), [], 0.0, over=True) == []


def test_the_words_of_a_run_stand_beside_it():
    words = [TimedWord("wonderful", 0.2, 0.6), TimedWord("later", 1.2, 1.4)]
    line = Narrator().news(spell([SMILE, SMILE]), words, 0.0, over=True)[0]
    assert "“wonderful”" in line and "later" not in line


def test_nobody_is_told_as_such():
    nobody = make_segment(0.0, NO_CLASS, absence=AbsenceReason.NO_FACE)
    assert "nobody seen" in Narrator().news([nobody], [], 0.0, over=True)[0]
    assert "nobody seen" in current_line([nobody], 0.0)


def test_what_is_said_now_names_emotion_and_confidence():
    assert "happiness-high, confidence 0.80" in current_line(spell([SMILE]), 0.0)


def test_what_late_words_revise_leaves_no_gap():
    narrator = Narrator()
    narrator.news(spell([SMILE, NEUTRAL_INDEX]), [], 0.0)
    revised = narrator.news(spell([SMILE, SMILE, NEUTRAL_INDEX]), [], 0.0)
    assert "0.5 –   1.0 s" in revised[0]
