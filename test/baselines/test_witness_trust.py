from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_windows import people

from stf2m_ros.baselines.witness_trust import expressions, foretold, witness_trust
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_training import FuzzyInputs
from stf2m_ros.net.fuzzy_layer import RuleTensors

TABLE = load_rule_base(Path(__file__).parents[2] / "config/rules/facs.yaml").table(64)
FUZZY = FuzzyInputs(RuleTensors.from_table(TABLE), torch.tensor([0.4, 0.4]))
MADE_UP = 3
"""Emotions that the made-up people show."""


def with_a_third_wrong(clips: TokenCache) -> TokenCache:
    """The labels of a third of the clips name any other emotion."""
    rng, tracks = np.random.default_rng(2), list(clips.tracks)
    for clip in rng.permutation(len(clips))[: len(clips) // 3]:
        classes, other = tracks[clip].class_index, int(rng.integers(1, 6))
        emotional = classes != NEUTRAL_INDEX
        tracks[clip] = replace(tracks[clip], class_index=np.where(emotional, (classes + 3 * other) % 18, classes))
    return replace(clips, tracks=tuple(tracks))


def with_states(clips: TokenCache, emotions: "list[int]") -> TokenCache:
    """The read-out saw a rule of this emotion in all frames of each clip."""
    rules = [TABLE.codes[TABLE.emotion[:, emotion].argmax()] for emotion in emotions]
    return replace(clips, states=np.repeat(rules, 60, axis=0).astype(np.float16))


def blind(clips: TokenCache) -> TokenCache:
    """Tokens that tell nothing."""
    noise = np.random.default_rng(1).normal(size=clips.tokens.shape)
    return replace(clips, tokens=noise.astype(np.float16))


def test_right_labels_are_believed_and_a_third_of_wrong_ones_is_noticed():
    clips = people(90)
    assert witness_trust(clips, FUZZY).labels > 0.9
    assert 0.6 < witness_trust(with_a_third_wrong(clips), FUZZY).labels < 0.75


def test_a_few_labels_are_no_proof_that_labels_are_right():
    trusts = [witness_trust(people(count), FUZZY).labels for count in (6, 24, 90)]
    assert 0.6 < trusts[0] < trusts[1] < trusts[2]
    assert trusts[0] < 0.8


def test_rules_that_say_what_labels_say_count_and_those_that_say_anything_do_not():
    clips = people(90)
    right = [clip % MADE_UP for clip in range(90)]
    anything = [int(emotion) for emotion in np.random.default_rng(3).integers(MADE_UP, size=90)]
    assert witness_trust(with_states(blind(clips), right), FUZZY).rules > 0.9
    assert witness_trust(with_states(blind(clips), anything), FUZZY).rules < 0.2


def test_rules_say_how_often_labels_are_right_where_tokens_tell_nothing():
    clips = with_states(blind(people(90)), [clip % MADE_UP for clip in range(90)])
    assert witness_trust(clips, FUZZY).labels > 0.9
    assert witness_trust(with_a_third_wrong(clips), FUZZY).labels < 0.75


def test_nobody_s_own_labels_are_learned_from():
    """All clips of one person: what they show cannot be foretold by another's."""
    clips = people(12)
    alone = replace(clips, tracks=tuple(replace(track, subject="one") for track in clips.tracks))
    assert not foretold(expressions(alone, FUZZY)).any()
    assert (foretold(expressions(clips, FUZZY)).argmax(1) == expressions(clips, FUZZY).emotions).mean() > 0.9


def test_an_emotion_that_one_person_shows_is_not_ruled_out():
    clips = people(6)
    only = replace(  # the last one alone shows the first emotion
        clips, tracks=(*clips.tracks[1:3], *clips.tracks[4:6], clips.tracks[0]), starts=(60, 120, 240, 300, 0)
    )
    said = foretold(expressions(only, FUZZY))
    assert np.isfinite(said).all()
    assert said[-1, 0] == said.min()


@pytest.mark.parametrize("seen", [True, False])
def test_without_a_labelled_face_it_stays_at_what_is_thought_beforehand(seen):
    clips = people(3)
    change = {"class_index": np.full(60, NEUTRAL_INDEX)} if seen else {"frame_index": np.full(60, -1)}
    nothing = replace(clips, tracks=tuple(replace(track, **change) for track in clips.tracks))
    trust = witness_trust(nothing, FUZZY)
    assert trust.labels == pytest.approx(0.7, abs=0.05)
    assert trust.rules == pytest.approx(0.625)
