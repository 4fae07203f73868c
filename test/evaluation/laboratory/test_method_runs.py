from dataclasses import replace

import numpy as np
from fakes import write_tiny_bundle
from tiny_studies import TinyData

from stf2m_ros.evaluation.laboratory.encoded_data import EncodedData
from stf2m_ros.evaluation.laboratory.method_runs import open_laboratory
from stf2m_ros.meta.window_batches import NO_WORD, Cut
from stf2m_ros.runtime.bundle import read_card, write_card


def test_words_are_looked_up_as_the_bundle_looks_them_up(tmp_path):
    bundle = write_tiny_bundle(tmp_path / "bundle")
    card = read_card(bundle)
    write_card(bundle, replace(card, text=replace(card.text, pairs=True, add_up=True)))
    encoded = EncodedData(TinyData(), bundle)
    windows = open_laboratory(encoded, bundle, 2).windows(encoded.judged())
    ids = windows.cut([Cut(0, 0, windows.grid.slots)]).word_ids[0]
    texts = list(windows.word_id)
    heard = [texts[index] for index in ids[ids != NO_WORD]]
    assert heard == ["word0", "^ word0", "word1", "^ word1", "word2", "^ word2", "word3", "^ word3"]
    assert np.count_nonzero((ids != NO_WORD).any(1)) == 4  # each word counts once, where its middle lies
