import zlib

import numpy as np
import pytest

from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.text_embedding import SubwordTable, ngram_buckets, word_parts

SETTINGS = TextSettings(buckets=512, rank=8)


@pytest.fixture
def npz_path(tmp_path):
    draw = np.random.default_rng(0)
    path = tmp_path / "text_table.npz"
    np.savez(
        path,
        buckets=draw.normal(size=(512, 8)).astype(np.float16),
        projection=draw.normal(size=(8, 300)).astype(np.float16),
    )
    return path


def test_a_words_buckets_are_its_padded_ngrams_and_itself():
    grams = ["<a", "ab", "b>", "<ab", "ab>", "<ab>"]
    buckets = ngram_buckets("Ab", TextSettings(buckets=100, min_n=2, max_n=3))
    assert buckets.tolist() == [zlib.crc32(gram.encode()) % 100 for gram in grams]


def test_a_words_vector_has_length_one_and_is_the_projected_mean(npz_path):
    vector = SubwordTable.load(npz_path, SETTINGS).embed("pain")
    with np.load(npz_path) as table:
        rows = table["buckets"][ngram_buckets("pain", SETTINGS)].astype(np.float32)
        expected = rows.mean(0) @ table["projection"].astype(np.float32)
    assert vector.shape == (300,) and vector.dtype == np.float32
    assert np.allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_case_does_not_matter_and_every_word_is_known(npz_path):
    table = SubwordTable.load(npz_path, SETTINGS)
    assert np.array_equal(table.embed("Pain"), table.embed("pain"))
    assert all(table.embed(word).any() for word in ["", "a", "痛い", "x" * 64, "\ud800"])


def test_related_words_lie_nearer_than_others(npz_path):
    table = SubwordTable.load(npz_path, SETTINGS)
    assert table.embed("hurting") @ table.embed("hurts") > table.embed("hurting") @ table.embed("window")


def test_a_vector_is_made_once_and_cannot_be_written_to(npz_path):
    table = SubwordTable.load(npz_path, SETTINGS)
    assert table.embed("pain") is table.embed("pain")
    with pytest.raises(ValueError):
        table.embed("pain")[0] = 1


def test_a_table_of_another_shape_says_expected_and_found(npz_path):
    with pytest.raises(ValueError, match=r"expected buckets \(4096, 8\), found \(512, 8\)"):
        SubwordTable.load(npz_path, TextSettings(rank=8))


def test_a_table_without_its_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", rows=np.zeros(3))
    with pytest.raises(ValueError, match="expected arrays buckets and projection, found"):
        SubwordTable.load(tmp_path / "other.npz", SETTINGS)


@pytest.mark.parametrize(
    "text, parts",
    [("What?!", ("What", "?", "!")), ("no!!!", ("no", "!")), ("so", ("so",)), ("?", ("?",)), ("", ("",))],
)
def test_a_word_as_written_is_the_word_and_its_marks(text, parts):
    assert word_parts(text) == parts


def test_a_mark_is_known_only_to_a_table_that_learned_it(npz_path):
    assert not SubwordTable.load(npz_path, SETTINGS).embed("!").any()
    with np.load(npz_path) as table:
        arrays = dict(table)
    np.savez(npz_path, marks=np.frombuffer(b"!", np.uint8), **arrays)
    learned = SubwordTable.load(npz_path, SETTINGS)
    assert learned.embed("!").any() and not learned.embed("?").any()
