from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import CountingEngine

from stf2m_ros.runtime.bundle import Bundle, load_bundle
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.runtime.rule_witness import weighed_by_rules
from stf2m_ros.runtime.segment_values import SegmentValues
from stf2m_ros.runtime.token_store import HostTokens
from stf2m_ros.runtime.window_judge import WindowJudge
from stf2m_ros.stream.segment_text import SegmentText
from stf2m_ros.stream.time_window import WindowArrays


@pytest.fixture(scope="module")
def bundle(tiny_bundle_folder: Path) -> Bundle:
    return load_bundle(tiny_bundle_folder)


@pytest.fixture()
def head(tiny_bundle_folder: Path) -> CountingEngine:
    return CountingEngine(OnnxEngine(tiny_bundle_folder / "window_head.onnx"))


def a_window(faces: bool) -> WindowArrays:
    presence = np.full((1, 300), faces, np.float32)
    return WindowArrays(0.0, 30.0, np.arange(300), presence, np.full(300, 0 if faces else 3, np.uint8))


def text(words: bool) -> SegmentText:
    vectors = np.full((60, 300), 0.1 * words, np.float32)
    return SegmentText(vectors, np.full(60, words, np.float32), np.full(60, words, np.int64))


def judged(bundle: Bundle, head: CountingEngine, faces: bool = True, words: bool = True) -> SegmentValues:
    store = HostTokens(head, head, (300, 16, 64))
    for row, tokens in enumerate(np.random.RandomState(1).randn(300, 16, 64)):
        store.keep(row, tokens)
    return WindowJudge(bundle, store).judge(a_window(faces), text(words))


def test_the_head_says_something_of_every_segment(bundle: Bundle, head: CountingEngine) -> None:
    values = judged(bundle, head)
    assert values.probabilities.shape == (60, 19)
    assert values.memberships.shape == (60, 18)
    assert values.components.shape == (60, 12)


def test_an_empty_window_is_not_shown_to_the_head(bundle: Bundle, head: CountingEngine) -> None:
    values = judged(bundle, head, faces=False, words=False)
    assert head.calls == 0
    assert not values.probabilities.any()


@pytest.mark.parametrize("faces, words", [(True, False), (False, True)])
def test_faces_or_words_alone_are_enough(bundle: Bundle, head: CountingEngine, faces: bool, words: bool) -> None:
    assert judged(bundle, head, faces, words).probabilities.any()
    assert head.calls == 1


def test_the_last_layer_is_the_bundles(bundle: Bundle, head: CountingEngine) -> None:
    silent = replace(bundle, last_layer=np.zeros_like(bundle.last_layer))
    np.testing.assert_allclose(judged(silent, head).probabilities, 1 / 19, rtol=1e-6)


def test_the_rules_are_the_bundles(bundle: Bundle, head: CountingEngine) -> None:
    opposite = replace(bundle, rules=replace(bundle.rules, codes=-bundle.rules.codes))
    assert not np.allclose(judged(bundle, head).firing, judged(opposite, head).firing)


def test_the_ranges_are_the_cards(bundle: Bundle, head: CountingEngine) -> None:
    wider = replace(bundle, card=replace(bundle.card, fuzzy=replace(bundle.card.fuzzy, component_range=0.8)))
    assert judged(wider, head).firing.mean() > judged(bundle, head).firing.mean()


def test_rows_that_only_pad_the_rules_are_left_out(bundle: Bundle, head: CountingEngine) -> None:
    assert judged(bundle, head).firing.shape == (60, len(bundle.rules.names))


def hearing(bundle: Bundle, share: float) -> Bundle:
    return replace(bundle, card=replace(bundle.card, fuzzy=replace(bundle.card.fuzzy, rule_share=share)))


def test_the_rules_are_heard_as_far_as_the_card_says(bundle: Bundle, head: CountingEngine) -> None:
    alone, both = judged(hearing(bundle, 0.0), head), judged(hearing(bundle, 0.4), head)
    assert not np.allclose(alone.probabilities, both.probabilities, atol=1e-3)
    np.testing.assert_allclose(both.probabilities, weighed_by_rules(alone.probabilities, alone.memberships, 0.4))
    np.testing.assert_array_equal(alone.memberships, both.memberships)


def test_where_no_face_was_seen_the_rules_are_not_heard(bundle: Bundle, head: CountingEngine) -> None:
    alone, both = (judged(hearing(bundle, share), head, faces=False) for share in (0.0, 0.4))
    np.testing.assert_allclose(both.probabilities, alone.probabilities, atol=1e-6)
