import numpy as np
import pytest

from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.text_embedding import SubwordTable
from stf2m_ros.stream.word_table import WordTable, load_text_table, word_arrays

SETTINGS = TextSettings(dim=3, buckets=16, rank=2)
WORDS, VECTORS = ["pain", "schön", "so"], np.array([[3, 4, 0], [0, -2, 0], [0, 0, 1]], np.float32)


@pytest.fixture
def npz_path(tmp_path):
    np.savez(tmp_path / "text_table.npz", **word_arrays(WORDS, VECTORS))
    return tmp_path / "text_table.npz"


def test_a_table_of_words_is_read_as_it_was_written(npz_path):
    table = load_text_table(npz_path, SETTINGS)
    assert isinstance(table, WordTable) and table.dim == 3 and len(table) == 3
    assert np.allclose(table.embed("pain"), [0.6, 0.8, 0], atol=1e-3)
    assert table.embed("Schön").tolist() == [0, -1, 0]


def test_a_word_that_training_never_met_is_unknown(npz_path):
    vector = load_text_table(npz_path, SETTINGS).embed("painful")
    assert vector.tolist() == [0, 0, 0] and vector.dtype == np.float32


def test_a_vector_cannot_be_written_to(npz_path):
    with pytest.raises(ValueError):
        load_text_table(npz_path, SETTINGS).embed("so")[0] = 1


def test_a_table_of_subwords_is_told_from_one_of_words(tmp_path):
    np.savez(tmp_path / "text_table.npz", buckets=np.ones((16, 2), np.float16), projection=np.ones((2, 3), np.float16))
    assert isinstance(load_text_table(tmp_path / "text_table.npz", SETTINGS), SubwordTable)


def test_vectors_of_another_length_than_the_cards_are_told_with_their_file(npz_path):
    with pytest.raises(ValueError, match=r"text_table.npz: expected vectors \(V, 300\), found \(3, 3\)"):
        load_text_table(npz_path, TextSettings())


def test_an_empty_table_knows_nothing(tmp_path):
    np.savez(tmp_path / "text_table.npz", **word_arrays([], np.zeros((0, 3), np.float32)))
    assert not load_text_table(tmp_path / "text_table.npz", SETTINGS).embed("so").any()


@pytest.mark.parametrize("kept", [0, 0.5, 0.99])
def test_a_table_that_is_cut_off_is_told_with_its_file(npz_path, kept):
    content = npz_path.read_bytes()
    npz_path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=r"text_table.npz: expected a text table, found a damaged file \(.+\)"):
        load_text_table(npz_path, SETTINGS)
