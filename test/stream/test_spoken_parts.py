from stf2m_ros.stream.spoken_parts import spoken_parts
from stf2m_ros.stream.timed_word import TimedWord

SPOKEN = [TimedWord("Not", 0.0, 0.3), TimedWord("good!", 0.3, 0.6), TimedWord("Well", 2.0, 2.2)]


def parts(pairs):
    return [found for _, found in spoken_parts(SPOKEN, pairs)]


def test_a_word_is_looked_up_with_its_marks():
    assert parts(pairs=False) == [("Not",), ("good", "!"), ("Well",)]


def test_with_pairs_a_word_is_also_looked_up_behind_the_one_before():
    assert parts(pairs=True)[:2] == [("Not", "^ Not"), ("good", "!", "Not good", "good !")]


def test_after_a_pause_a_word_follows_nothing():
    assert parts(pairs=True)[2] == ("Well", "^ Well")


def test_a_mark_alone_is_a_word_like_any_other():
    alone = [TimedWord("no", 0.0, 0.3), TimedWord("?!", 0.3, 0.4)]
    assert [found for _, found in spoken_parts(alone, True)][1] == ("?", "!", "no ?", "? !")
