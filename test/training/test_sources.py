"""Which clips serve which stage."""

import cv2
import numpy as np
import pytest
from set_fixtures import facs_labelling, write_picture

from stf2m_ros.stream.settings import Preprocessing
from stf2m_ros.training.sources import (
    WINDOW_CLIPS,
    DataSetSource,
    GeneratedClips,
    prepare_data_sets,
    prepare_generated,
    split_of,
    stores_below,
)

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
    monkeypatch.setattr("stf2m_ros.training.sources.GENERATOR_VERSION", 0)
    assert all(made_at()[path] != at for path, at in first.items())


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        GeneratedClips(training=0)


@pytest.mark.parametrize("side", ["train", "validation"])
def test_a_set_of_which_nobody_is_validated_on_says_so(tmp_path, caplog, side):
    subject = next(name for name in (f"S{number:03d}" for number in range(100)) if split_of(name, 0.5) == side)
    picture = tmp_path / "faces" / "happy" / f"{subject}_001_00000001.png"
    picture.parent.mkdir(parents=True)
    cv2.imwrite(str(picture), np.full((48, 48), 90, np.uint8))
    source = DataSetSource("ckplus48", str(tmp_path / "faces"), validation_share=0.5, workers=1)
    (names,) = prepare_data_sets([source], facs_labelling(), stores_below(tmp_path / "clips"))
    assert len(names[side]) == 1
    assert ("none of its people is validated on" in caplog.text) == (side == "train")


def a_manifest(folder, clip, subject):
    folder.mkdir()
    (folder / "said.csv").write_text("text,start_s,end_s\nhello,0,1\n")
    (folder / "clips.csv").write_text(f"clip,subject,transcript,labels\n{clip},{subject},said.csv,neutral\n")
    return str(folder / "clips.csv")


def test_two_sets_whose_clips_share_a_name_are_refused(tmp_path):
    paths = [a_manifest(tmp_path / ward, "monday", subject) for ward, subject in (("east", "anna"), ("west", "ben"))]
    sources = [DataSetSource("manifest", path, workers=1) for path in paths]
    with pytest.raises(ValueError, match=f"a clip name of its own .* found monday in {paths[0]} and in {paths[1]}"):
        prepare_data_sets(sources, facs_labelling(), stores_below(tmp_path / "clips"))


def test_a_person_whom_two_sets_put_on_different_sides_is_told(tmp_path):
    paths = [a_manifest(tmp_path / day, day, "anna") for day in ("monday", "tuesday")]
    sources = [DataSetSource("manifest", path, validation_share=share) for path, share in zip(paths, (0.0, 0.99))]
    with pytest.raises(ValueError, match="expected anna on one side, found .* for train and .* for validation"):
        prepare_data_sets(sources, facs_labelling(), stores_below(tmp_path / "clips"))
    assert not list((tmp_path / "clips").glob("*/*.npz"))


def test_faces_are_as_large_as_the_preprocessing_says(tmp_path):
    write_picture(tmp_path / "faces" / "happy" / "S010_001_00000001.png")
    source, stores = DataSetSource("ckplus48", str(tmp_path / "faces"), validation_share=0.0), stores_below(tmp_path)
    pixels = Preprocessing(size_px=64)
    (read,) = prepare_data_sets([source], facs_labelling(), stores, pixels)
    made = prepare_generated(GeneratedClips(**SHORT), stores, pixels)
    for name in (*read["train"], *made["train"]):
        assert stores["train"].frames(name)[:1].shape == (1, 64, 64, 3)
