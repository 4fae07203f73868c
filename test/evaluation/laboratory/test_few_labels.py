from dataclasses import replace

import numpy as np
from tiny_windows import GRID, people

from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.evaluation.laboratory.few_labels import (
    emotion_of,
    expressions,
    few_with_wrong_labels,
    shots_of_each_class,
)
from stf2m_ros.stream.settings import WindowGrid


def test_an_expression_is_labelled_with_its_neutral_margins_and_nothing_else_is():
    clips = expressions(people(3), GRID)
    assert len(clips) == 3
    for track in clips.tracks:
        labelled = np.flatnonzero(track.class_index != UNLABELLED)
        assert (labelled[0], labelled[-1]) == (10, 49)
        assert np.isnan(track.components[:10]).all()
        assert not np.isnan(track.components[10:50]).any()


def test_an_expression_in_a_long_clip_is_cut_out_with_its_words_and_frames():
    cut = expressions(people(3), WindowGrid(span_s=4.0))
    track = cut.tracks[1]
    assert len(track) == 40
    assert track.frame_index.tolist() == list(range(10, 50))
    assert [(word.text, round(word.start_s, 6)) for word in track.words] == [("well", 1.1)]
    tokens, present = cut.slot_tokens(1, slice(0, 40))
    assert present.all()
    np.testing.assert_array_equal(tokens, people(3).slot_tokens(1, slice(10, 50))[0])


def test_shots_are_counted_by_class():
    clips = expressions(people(30), GRID)
    few = shots_of_each_class(clips, 2, seed=0)
    held = np.concatenate([np.unique(track.class_index) for track in few.tracks])
    assert [int((held == index).sum()) for index in (0, 2, 3, 5, 6, 8)] == [2] * 6
    assert [track.subject for track in few.tracks] == [
        track.subject for track in shots_of_each_class(clips, 2, seed=0).tracks
    ]


def test_so_many_labels_are_wrong_and_their_levels_stay():
    clips = expressions(people(40), GRID)
    few = few_with_wrong_labels(clips, share=0.5, wrong_share=0.3, seed=0)
    shown = {track.subject: track for track in clips.tracks}
    wrong = [track for track in few.tracks if emotion_of(track) != emotion_of(shown[track.subject])]
    assert (len(few), len(wrong)) == (20, 6)
    for track in wrong:
        before = shown[track.subject].class_index
        emotional = (before >= 0) & (before < 18)
        assert (track.class_index[emotional] % 3 == before[emotional] % 3).all()
        assert (track.class_index[~emotional] == before[~emotional]).all()


def test_a_label_without_a_level_stays_without_one_when_it_is_wrong():
    clips = expressions(people(12), GRID)
    shares = np.zeros((2, 19), np.float32)
    shares[0, 0:3], shares[1, 18] = 1 / 3, 1.0
    index = np.where(clips.tracks[0].class_index == 18, 1, 0)
    tracks = tuple(replace(track, label_shares=shares, label_index=index) for track in clips.tracks)
    few = few_with_wrong_labels(replace(clips, tracks=tracks), 1.0, 1.0, seed=0)
    for track in few.tracks:
        emotion = emotion_of(track)
        given = track.shares(slice(25, 26))[0]
        np.testing.assert_allclose(given[3 * emotion : 3 * emotion + 3], 1 / 3)
        assert track.shares(slice(10, 11))[0, 18] == 1
