from stf2m_ros.stream.spoken_utterances import finished, spoken_utterances
from stf2m_ros.stream.timed_word import TimedWord, as_utterance

ASKED = as_utterance([TimedWord("So", 0.0, 0.3), TimedWord("great?!", 0.3, 0.8)])
ANSWERED = as_utterance([TimedWord("Well", 0.8, 1.1)])


def test_utterances_are_told_apart_where_their_source_says_so():
    first, second = spoken_utterances([*ASKED, *ANSWERED], pairs=False)
    assert (first.alone, second.alone) == (("So", "great", "?", "!"), ("Well",))
    assert (first.start_s, first.end_s) == (0.0, 0.8)


def test_without_a_source_that_says_so_a_long_silence_tells_them_apart():
    words = [TimedWord("so", 0.0, 0.3), TimedWord("well", 0.6, 0.9), TimedWord("no", 2.0, 2.2)]
    assert [each.alone for each in spoken_utterances(words, pairs=False)] == [("so", "well"), ("no",)]


def test_a_word_is_looked_up_with_the_marks_of_its_utterance():
    first, second = spoken_utterances([*ASKED, *ANSWERED], pairs=False)
    assert first.parts[4:] == ("So =?!", "great =?!", "? =?!", "! =?!")
    assert second.parts == ("Well", "Well =")


def test_with_pairs_no_pair_reaches_into_another_utterance():
    _, second = spoken_utterances([*ASKED, *ANSWERED], pairs=True)
    assert second.parts == ("Well", "^ Well", "Well =")


def test_words_of_the_utterance_before_are_other_words():
    (first,) = spoken_utterances(ANSWERED, pairs=True)
    assert first.as_before == ("Well <",)


def test_an_utterance_that_goes_on_is_not_heard_yet():
    assert finished([*ASKED, *ANSWERED], by_s=1.0) == ASKED
    assert finished([*ASKED, *ANSWERED], by_s=1.1) == (*ASKED, *ANSWERED)


def test_either_apostrophe_makes_the_same_word():
    (curly,), (straight,) = (spoken_utterances([TimedWord(text, 0, 1)], pairs=True) for text in ("don’t", "don't"))
    assert curly.parts == straight.parts
