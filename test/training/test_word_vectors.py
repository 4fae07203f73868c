import numpy as np
import pytest
from set_fixtures import real

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.slots import slot_track, vocabulary
from stf2m_ros.stream.settings import WindowGrid
from stf2m_ros.training.word_vectors import OF_THE_CLIPS, known_words


def clip(*texts, vectors=None):
    words = tuple(TimedWord(text, i / 2, i / 2 + 0.4) for i, text in enumerate(texts))
    given = None if vectors is None else np.array(vectors, np.float32)
    return Clip("clip", "one", None, np.empty(0), words, (LabelInterval(0, 0.0, 2.0),), None, word_vectors=given)


def spoken(*clips):
    return vocabulary([slot_track(each, WindowGrid()) for each in clips])


@pytest.fixture
def glove_path(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("the 3 4 0\npain 0 0 2\nunsaid 1 0 0\n", encoding="utf-8")
    return path


def test_of_a_glove_file_only_the_words_of_the_data_are_kept(glove_path):
    said = clip("The", "xyzzy", "Pain")
    words, vectors = known_words(str(glove_path), 3, spoken(said), [said])
    assert words == ["pain", "the"]
    assert np.allclose(vectors, [[0, 0, 1], [0.6, 0.8, 0]])


def test_the_real_glove_gives_vectors_of_length_one():
    path = real("glove", "glove.840B.300d.sample.txt")
    said = clip("the", "and", "xyzzy")
    words, vectors = known_words(str(path), 300, spoken(said), [said])
    assert words == ["and", "the"]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_data_set_may_bring_its_own_vectors():
    said = clip("Oh", "no", vectors=[[1, 2, 2], [0, 0, 0]])
    words, vectors = known_words(OF_THE_CLIPS, 3, spoken(said), [said, clip("others")])
    assert words == ["oh"]
    assert vectors.tolist() == [[1, 2, 2]]


def test_a_word_of_which_only_the_vector_is_told_is_known_by_it():
    said = clip("", "", "", vectors=[[1, 0, 0], [0, 1, 0], [1, 0, 0]])
    words, vectors = known_words(OF_THE_CLIPS, 3, spoken(said), [said])
    assert len(words) == 2 and all(word.startswith("#") for word in words)
    assert sorted(vectors.tolist()) == [[0, 1, 0], [1, 0, 0]]


def test_no_known_word_at_all_is_an_error_in_one_line(glove_path, tmp_path):
    said = clip("xyzzy")
    with pytest.raises(ValueError, match="expected vectors of some of 1 words, found none in"):
        known_words(str(glove_path), 3, spoken(said), [said])
    with pytest.raises(ValueError, match="expected clips or a GloVe file, found .*missing.txt"):
        known_words(str(tmp_path / "missing.txt"), 3, spoken(said), [said])
