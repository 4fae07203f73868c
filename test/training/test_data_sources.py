"""How data sets on disk are read for training, and their people split."""

import cv2
import numpy as np
import pytest
from set_fixtures import facs_labelling, write_picture

from stf2m_ros.stream.settings import Preprocessing
from stf2m_ros.training.clip_names import stores_below
from stf2m_ros.training.data_sources import DataSetSource, prepare_data_sets, split_of


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


def test_faces_are_cut_as_large_as_the_preprocessing_says(tmp_path):
    write_picture(tmp_path / "faces" / "happy" / "S010_001_00000001.png")
    source, stores = DataSetSource("ckplus48", str(tmp_path / "faces"), validation_share=0.0), stores_below(tmp_path)
    (read,) = prepare_data_sets([source], facs_labelling(), stores, Preprocessing(size_px=64))
    assert {stores["train"].frames(name)[:1].shape[1:] for name in read["train"]} == {(64, 64, 3)}
