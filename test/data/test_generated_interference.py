"""What spoils a generated view: it hides or whitens what it says, and nothing else of the clip changes."""

from dataclasses import replace

import numpy as np
import pytest

from stf2m_ros.data.generated_faces.clip import generate_clip
from stf2m_ros.data.generated_faces.interference import Veil, draw_interference
from stf2m_ros.data.generated_faces.settings import GeneratorSettings

SHORT = GeneratorSettings(duration_s=1.0, frames_per_s=2.0)


def drawn(count=200, **shares):
    settings = replace(GeneratorSettings(), **shares)
    return [draw_interference(settings, np.random.default_rng(seed)) for seed in range(count)]


def test_nothing_spoils_the_view_unless_it_is_asked_for():
    assert not any(drawn())


def test_shares_say_how_many_clips_are_spoiled():
    assert np.mean([bool(veils) for veils in drawn(covered_share=0.3)]) == pytest.approx(0.3, abs=0.1)
    assert np.mean([bool(veils) for veils in drawn(foggy_share=0.3)]) == pytest.approx(0.3, abs=0.1)


def test_a_cover_hides_a_part_wholly_and_fog_everything_partly():
    for cover in (veils[0].share for veils in drawn(covered_share=1.0)):
        assert set(np.unique(cover)) == {0.0, 1.0} and 0.03 < cover.mean() < 0.75
    for fog in (veils[0].share for veils in drawn(foggy_share=1.0)):
        assert fog.min() > 0 and fog.max() < 1


def test_covers_are_blocks_masks_from_below_and_patches():
    covers = [veils[0].share for veils in drawn(covered_share=1.0)]
    edges = [int(np.abs(np.diff(cover, axis=1)).sum(axis=1).max()) for cover in covers]
    assert np.mean([each > 2 for each in edges]) == pytest.approx(0.3, abs=0.1)  # patches
    assert np.mean([cover[-1].all() and not cover[0].any() for cover in covers]) > 0.2  # what hangs from below


def test_covers_have_a_pattern_and_fog_has_none():
    spread = [np.ptp(veils[0].light.astype(int), axis=(0, 1)).max() for veils in drawn(covered_share=1.0)]
    assert np.mean([each > 5 for each in spread]) > 0.8
    assert np.median(spread) < 128  # most are weak, as folds are
    assert all(np.ptp(veils[0].light) == 0 for veils in drawn(foggy_share=1.0))


def test_most_interference_stays_for_the_whole_clip_and_some_comes_and_goes():
    whole = [veils[0].end_s - veils[0].start_s >= 30 for veils in drawn(covered_share=1.0)]
    assert 0.5 < np.mean(whole) < 0.9


def test_a_veil_is_seen_only_while_it_is_there():
    veil = Veil(1.0, 2.0, np.full((4, 4), 0.5, np.float32), np.full((4, 4, 3), 200, np.uint8))
    black = np.zeros((4, 4, 3), np.uint8)
    assert [veil.over(black, at_s).max() for at_s in (0.9, 1.0, 1.9, 2.0)] == [0, 100, 100, 0]


def test_interference_changes_the_pictures_and_nothing_else_of_a_clip():
    clean, spoiled = (generate_clip(3, replace(SHORT, covered_share=share, foggy_share=share)) for share in (0.0, 1.0))
    assert clean.words == spoiled.words and clean.labels == spoiled.labels
    assert (clean.components == spoiled.components).all()
    assert (clean.frames != spoiled.frames).any()
