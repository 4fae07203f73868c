"""Which generated clips serve which stage."""

import pytest

from stf2m_ros.stream.settings import Preprocessing
from stf2m_ros.training.clip_names import WINDOW_CLIPS, stores_below
from stf2m_ros.training.generated_clips import GeneratedClips, prepare_generated

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


@pytest.mark.parametrize(("identities", "people"), [(1, 1), (100_000, 3)])
def test_clips_draw_their_person_from_as_many_as_asked(tmp_path, identities, people):
    stores, asked = stores_below(tmp_path), {**SHORT, "training": 3, "identities": identities}
    names = prepare_generated(GeneratedClips(**asked), stores)["train"]
    assert len({clip.subject for clip in stores["train"].read_all(names, frames=False)}) == people


@pytest.mark.parametrize("windows", [0, 1])
def test_large_covers_stand_in_the_clips_of_stage_2_alone(tmp_path, windows):
    spoiled = {use: [] for use in ("train", WINDOW_CLIPS)}
    for share in (0.0, 1.0):
        stores = stores_below(tmp_path / str(share))
        names = prepare_generated(GeneratedClips(windows=windows, covered_share=share, **SHORT), stores)
        for use, frames in spoiled.items():
            frames.append(next(stores["train"].read_all(names[use])).frames)
    assert (spoiled["train"][0] != spoiled["train"][1]).any() == (not windows)  # without its own, stage 2 has these
    assert (spoiled[WINDOW_CLIPS][0] != spoiled[WINDOW_CLIPS][1]).any()


def test_clips_of_an_older_generator_are_drawn_anew(tmp_path, monkeypatch):
    def made_at():
        prepare_generated(GeneratedClips(**SHORT), stores_below(tmp_path))
        return {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    first, again = made_at(), made_at()
    assert first == again
    monkeypatch.setattr("stf2m_ros.training.generated_clips.GENERATOR_VERSION", 0)
    assert all(made_at()[path] != at for path, at in first.items())


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        GeneratedClips(training=0)


def test_generated_faces_are_as_large_as_the_preprocessing_says(tmp_path):
    stores = stores_below(tmp_path)
    made = prepare_generated(GeneratedClips(**SHORT), stores, Preprocessing(size_px=64))
    assert {stores["train"].frames(name)[:1].shape[1:] for name in made["train"]} == {(64, 64, 3)}
