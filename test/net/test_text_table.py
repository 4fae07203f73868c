import numpy as np
import torch

from stf2m_ros.net.text_table import TextTable, WordVectors
from stf2m_ros.stream.settings import TextSettings
from stf2m_ros.stream.text_embedding import SubwordTable
from stf2m_ros.stream.word_table import load_text_table


def test_the_robot_reads_the_trained_table_as_training_did(tmp_path):
    settings = TextSettings(dim=30, buckets=64, rank=8)
    words = ["happy", "unhappy", "I", "über", "I'm"]
    torch.manual_seed(0)
    table = TextTable(settings, words)
    np.savez(tmp_path / "text_table.npz", **table.to_arrays())
    on_robot = SubwordTable.load(tmp_path / "text_table.npz", settings)
    expected = table().detach().numpy()
    for word, vector in zip(words, expected):
        np.testing.assert_allclose(on_robot.embed(word), vector, atol=2e-3)  # float16 in the file


def test_ready_vectors_mean_the_same_on_the_robot(tmp_path):
    words, vectors = ["happy", "über"], np.random.default_rng(0).normal(size=(2, 30)).astype(np.float32)
    ready = WordVectors(words, 5 * vectors)
    np.savez(tmp_path / "text_table.npz", **ready.to_arrays())
    on_robot = load_text_table(tmp_path / "text_table.npz", TextSettings(dim=30))
    assert not list(ready.parameters())
    for word, vector in zip(words, ready().numpy()):
        np.testing.assert_allclose(on_robot.embed(word), vector, atol=1e-3)
