import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from measuring.dialogues import LONGEST_PAUSE_S, LONGEST_S, dialogues

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord


def utterance(dialogue, start_s, length_s, text="well", class_index=18):
    words = (TimedWord(text, 0.0, length_s),)
    label = LabelInterval(class_index, 0.0, length_s)
    facts = {"dialogue": dialogue, "start_s": str(start_s)}
    return Clip("u", "someone", None, np.empty(0), words, (label,), None, facts=facts)


def spans(clip):
    return [(round(label.start_s, 3), round(label.end_s, 3)) for label in clip.labels]


def test_the_utterances_of_a_dialogue_follow_each_other_with_their_pauses():
    first, second = dialogues([utterance("0", 60.0, 2.0), utterance("0", 62.5, 1.0, "no", 3), utterance("1", 5.0, 1.0)])
    assert spans(first) == [(0.0, 2.0), (2.5, 3.5)]
    assert [(word.text, word.start_s) for word in first.words] == [("well", 0.0), ("no", 2.5)]
    assert [label.class_index for label in first.labels] == [18, 3]
    assert spans(second) == [(0.0, 1.0)]


@pytest.mark.parametrize("second_start_s, start_s", [(61.0, 2.0), (2000.0, 2.0 + LONGEST_PAUSE_S), (10.0, 2.0)])
def test_a_start_that_cannot_be_is_put_where_it_can(second_start_s, start_s):
    (joined,) = dialogues([utterance("0", 60.0, 2.0), utterance("0", second_start_s, 1.0)])
    assert spans(joined)[1] == (start_s, start_s + 1.0)


def test_an_utterance_of_minutes_is_cut_with_its_words():
    (joined,) = dialogues([utterance("0", 0.0, 300.0)])
    assert spans(joined) == [(0.0, LONGEST_S)]
    assert joined.words[0].end_s == pytest.approx(LONGEST_S)


def test_every_utterance_begins_with_its_first_word():
    (joined,) = dialogues([utterance("0", 0.0, 1.0), utterance("0", 1.0, 1.0)])
    assert [word.begins for word in joined.words] == [True, True]
