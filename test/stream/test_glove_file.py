from pathlib import Path

import numpy as np
import pytest

from stf2m_ros.stream.glove_file import GloveFile
from stf2m_ros.stream.word_table import WordTable

REAL_SAMPLE = Path(__file__).parents[3] / "shared/data/glove/glove.840B.300d.sample.txt"


@pytest.fixture
def small_path(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("the 3 4 0\n. . . 0 0 2\nThe 0 1 0\nschön 0 -5 0\n", encoding="utf-8")
    return path


def test_a_words_vector_is_its_line_with_length_one(small_path):
    glove = GloveFile(small_path, dim=3)
    assert np.allclose(glove.embed("the"), [0.6, 0.8, 0.0])
    assert glove.embed("schön").tolist() == [0, -1, 0]


def test_a_word_may_hold_blanks(small_path):
    assert GloveFile(small_path, dim=3).embed(". . .").tolist() == [0, 0, 1]


def test_a_word_is_what_it_is_to_a_bundle_that_was_trained_on_the_file(small_path):
    """Training knows no case: a sentence's first word is the word that it learned."""
    glove = GloveFile(small_path, dim=3)
    table = WordTable(["the", "schön"], np.stack([glove.embed("the"), glove.embed("schön")]))
    for word in ("the", "The", "THE", "Schön"):
        np.testing.assert_allclose(glove.embed(word), table.embed(word), atol=1e-6)


def test_the_word_as_written_is_tried_where_there_is_none_in_lower_case(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("Anna 0 0 1\n")
    assert GloveFile(path, dim=3).embed("Anna").tolist() == [0, 0, 1]


def test_an_unknown_word_is_all_zero(small_path):
    assert GloveFile(small_path, dim=3).embed("xyzzy").tolist() == [0, 0, 0]


@pytest.mark.parametrize("content", ["the 1 2\n", "just some text here\n", "", "the 1 2 3 4 5 6 7 8 9 10 11 12\n"])
def test_a_file_of_another_form_says_what_was_found(tmp_path, content):
    path = tmp_path / "other.txt"
    path.write_text(content)
    with pytest.raises(ValueError, match="expected lines of a word and 3 numbers"):
        GloveFile(path, dim=3)


@pytest.mark.skipif(not REAL_SAMPLE.exists(), reason="the sample of real GloVe vectors is not beside the checkout")
def test_every_word_of_a_real_file_is_found():
    glove = GloveFile(REAL_SAMPLE)
    words = [line.split(" ", 1)[0] for line in REAL_SAMPLE.read_text(encoding="utf-8").splitlines()]
    assert all(np.isclose(np.linalg.norm(glove.embed(word)), 1, atol=1e-5) for word in words)
    assert glove.embed("the") @ glove.embed("that") > glove.embed("the") @ glove.embed("$")
