"""Which clips serve which stage."""

import pytest

from stf2m_ros.training.sources import WINDOW_CLIPS, GeneratedClips, prepare_generated, stores_below

SHORT = {"training": 2, "validation": 1, "duration_s": 2.0, "workers": 1}


def test_stage_2_learns_from_stage_1s_clips_unless_it_has_its_own(tmp_path):
    names = prepare_generated(GeneratedClips(**SHORT), stores_below(tmp_path))
    assert names[WINDOW_CLIPS] == names["train"]


def test_stage_2s_own_clips_show_people_whom_stage_1_never_saw(tmp_path):
    stores = stores_below(tmp_path)
    names = prepare_generated(GeneratedClips(windows=2, windows_frames_per_s=4.0, **SHORT), stores)
    clips = {use: list(stores["train"].read_all(names[use])) for use in ("train", WINDOW_CLIPS)}
    people = {use: {clip.subject for clip in found} for use, found in clips.items()}
    assert people["train"].isdisjoint(people[WINDOW_CLIPS])
    assert [len(clip.frames) for clip in clips[WINDOW_CLIPS]] == [8, 8]


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        GeneratedClips(training=0)
