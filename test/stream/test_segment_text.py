import numpy as np

from stf2m_ros.stream.segment_text import segment_text
from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.timed_word import TimedWord, as_utterance

EPOCH_S = 1.8e9


class TwoWordEmbedding:
    dim = 2

    def embed(self, word):
        return np.array({"up": (0, 1), "right": (1, 0), "!": (0, 1)}.get(word, (0, 0)), np.float32)


def text_of(*words):
    timed = [TimedWord(text, EPOCH_S + start_s, EPOCH_S + end_s) for text, start_s, end_s in words]
    return segment_text(timed, TwoWordEmbedding(), EPOCH_S, segments=4, segment_s=0.5)


def test_a_segments_vector_is_the_mean_of_its_words():
    assert text_of(("up", 0.5, 0.7), ("right", 0.8, 0.9)).vectors.tolist() == [[0, 0], [0.5, 0.5], [0, 0], [0, 0]]


def test_a_word_counts_in_every_segment_it_overlaps():
    assert text_of(("up", 0.4, 1.0)).word_counts.tolist() == [1, 1, 0, 0]


def test_a_mark_behind_a_word_is_text_of_its_own_but_no_further_word():
    text = text_of(("right?!", 0.0, 0.4))
    assert text.word_counts.tolist() == [1, 0, 0, 0]
    assert text.vectors[0].tolist() == [0.5, 0.5]  # "!" is known here, "?" is not


def test_an_instant_counts_where_it_lies():
    assert text_of(("up", 0.5, 0.5)).word_counts.tolist() == [0, 1, 0, 0]


def test_words_outside_the_window_do_not_count():
    assert text_of(("up", -3.0, 0.0), ("up", 2.0, 2.5)).word_counts.sum() == 0
    assert text_of(("up", -3.0, 0.1), ("up", 1.9, 5.0)).word_counts.tolist() == [1, 0, 0, 1]


def test_a_word_that_nobody_knows_is_counted_but_is_no_text():
    text = text_of(("xyzzy", 0.0, 0.4), ("xyzzy", 0.5, 0.9), ("up", 0.5, 0.9))
    assert text.word_counts.tolist() == [1, 2, 0, 0]
    assert text.presence.tolist() == [0, 1, 0, 0]
    assert text.vectors[1].tolist() == [0, 1]


def test_words_add_up_where_the_table_says_so_each_in_the_segment_of_its_middle():
    spoken = [TimedWord("up", EPOCH_S + 0.1, EPOCH_S + 0.3), TimedWord("up", EPOCH_S + 0.3, EPOCH_S + 0.6)]
    text = segment_text(spoken, TwoWordEmbedding(), EPOCH_S, 4, 0.5, TextSettings(dim=2, add_up=True))
    assert text.vectors.tolist() == [[0, 2], [0, 0], [0, 0], [0, 0]]
    assert text.word_counts.tolist() == [2, 1, 0, 0]


def test_a_word_whose_middle_lies_before_the_window_adds_nothing():
    spoken = [TimedWord("up", EPOCH_S - 0.4, EPOCH_S + 0.2)]
    text = segment_text(spoken, TwoWordEmbedding(), EPOCH_S, 4, 0.5, TextSettings(dim=2, add_up=True))
    assert not text.vectors.any() and not text.presence.any()


WHOLE = TextSettings(add_up=True, whole_utterances=True)


def whole_text_of(*utterances):
    words = [word for each in utterances for word in as_utterance([TimedWord(*spoken) for spoken in each])]
    return segment_text(words, OneForEach(), 0.0, segments=4, segment_s=0.5, settings=WHOLE)


class OneForEach:
    """Counts what is looked up: plain words, words with their utterance's marks, words of the utterance before."""

    dim = 3

    def embed(self, text):
        return np.array((" " not in text, " =" in text, text.endswith(" <")), np.float32)


def test_every_segment_of_an_utterance_has_the_whole_of_it():
    text = whole_text_of([("up", 0.0, 0.2), ("and", 0.6, 0.8), ("on", 0.8, 0.9), ("on", 1.2, 1.3)])
    assert text.vectors.tolist() == [[2, 2, 0]] * 3 + [[0, 0, 0]]  # four divided by their root
    assert text.presence.tolist() == [1, 1, 1, 0]
    assert text.word_counts.tolist() == [1, 2, 1, 0]


def test_where_two_utterances_meet_the_newer_one_counts_and_knows_the_one_before():
    text = whole_text_of([("up", 0.0, 0.7)], [("on", 0.7, 0.9)])
    assert text.vectors.tolist() == [[1, 1, 0], [1, 1, 1], [0, 0, 0], [0, 0, 0]]
