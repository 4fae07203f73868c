from dataclasses import replace

import numpy as np
import pytest
from set_fixtures import real, write_picture, write_video
from tiny_studies import TINY, tiny_clip

from stf2m_ros.data.generated_faces.scene import SceneSettings, write_scene_video
from stf2m_ros.evaluation.data_choice import corrupted, open_data
from stf2m_ros.evaluation.interference.corruptions import Corruption


def ckplus48(folder):
    for number, emotion in enumerate(("happy", "fear")):
        for picture in range(3):
            write_picture(folder / emotion / f"S01{number}_001_0000000{picture}.png", 60 + picture)
    return folder


def test_a_folder_of_emotions_is_known_for_what_it_is(tmp_path):
    data = open_data(str(ckplus48(tmp_path)), TINY, tmp_path)
    assert [clip.subject for clip in data.clips()] == ["S011", "S010"]
    assert len(data.checksum) == 64


def test_the_checksum_changes_with_the_files(tmp_path):
    before = open_data(f"ckplus48:{ckplus48(tmp_path)}", TINY, tmp_path).checksum
    write_picture(tmp_path / "happy" / "S099_001_00000001.png")
    assert open_data(str(tmp_path), TINY, tmp_path).checksum != before


def test_the_checksum_changes_where_the_pictures_are_said_to_show_another_emotion(tmp_path):
    before = open_data(str(ckplus48(tmp_path)), TINY, tmp_path).checksum
    (tmp_path / "fear").rename(tmp_path / "anger")
    assert open_data(str(tmp_path), TINY, tmp_path).checksum != before


@pytest.mark.parametrize("changed", ["pictures/0.png", "said.csv", "felt.csv"])
def test_the_checksum_of_a_manifest_changes_with_every_file_that_it_names(tmp_path, changed):
    for picture in range(3):
        write_picture(tmp_path / "pictures" / f"{picture}.png", 60 + picture)
    (tmp_path / "said.csv").write_text("text,start_s,end_s\nhello,0,0.2\n")
    (tmp_path / "felt.csv").write_text("label,start_s,end_s\nneutral,0,0.2\n")
    columns, line = "clip,subject,frames,frames_per_s,transcript,labels", "a,anna,pictures,10,said.csv,felt.csv"
    (tmp_path / "clips.csv").write_text(f"{columns}\n{line}\n")
    before = open_data(str(tmp_path / "clips.csv"), TINY, tmp_path).checksum
    if changed.endswith(".png"):
        write_picture(tmp_path / changed, 200)
    else:
        content = (tmp_path / changed).read_text()
        (tmp_path / changed).write_text(content.replace("neutral", "sadness").replace("hello", "well"))
    assert open_data(str(tmp_path / "clips.csv"), TINY, tmp_path).checksum != before


def test_a_set_that_is_cut_has_the_checksum_of_what_is_left(tmp_path):
    for number in range(30):
        write_picture(tmp_path / "happy" / f"S{number:03d}_001_00000001.png")
    few, more, all_of_it = (open_data(str(tmp_path), replace(TINY, clips=clips), tmp_path) for clips in (1, 2, 3))
    assert few.checksum != more.checksum == all_of_it.checksum


def test_pictures_on_disk_meet_the_interference_before_the_face_is_cut(tmp_path):
    data = open_data(str(ckplus48(tmp_path)), TINY, tmp_path)
    clean, masked = (
        next(iter(data.clips(how))).frames for how in (Corruption("fog", 0), Corruption("block_mask", 0.5))
    )
    assert clean.shape == masked.shape
    assert (clean != masked).any(-1).mean() == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("shown", ["anna.mp4,,,whole", ",pictures,10,whole"])
def test_ones_own_recordings_meet_the_interference_too(tmp_path, shown):
    write_video(tmp_path / "anna.mp4")
    for picture in range(10):
        write_picture(tmp_path / "pictures" / f"{picture}.png", 60)
    line = f"a,anna,{shown},neutral 0-1"
    (tmp_path / "clips.csv").write_text(f"clip,subject,video,frames,frames_per_s,face,labels\n{line}\n")
    data = open_data(str(tmp_path / "clips.csv"), TINY, tmp_path)
    (clean,), (masked,) = (list(data.clips(Corruption("block_mask", level))) for level in (0, 0.5))
    assert (clean.frames != masked.frames).any(-1).mean() == pytest.approx(0.5, abs=0.08)


def test_words_are_heard_where_no_face_is_found_behind_the_interference(tmp_path):
    """A film of a generated person, whose face nothing finds behind a block over all of it."""
    write_scene_video(tmp_path / "anna.mp4", 40, SceneSettings(duration_s=2.0, frames_per_s=10.0))
    (tmp_path / "said.csv").write_text("text,start_s,end_s\nhello,0,0.2\n")
    (tmp_path / "clips.csv").write_text("clip,subject,video,transcript,labels\na,anna,anna.mp4,said.csv,neutral\n")
    data = open_data(str(tmp_path / "clips.csv"), TINY, tmp_path)
    (clean,), (hidden,) = (list(data.clips(Corruption("block_mask", level))) for level in (0, 0.95))
    assert clean.frames is not None and hidden.frames is None
    assert (hidden.words, hidden.labels) == (clean.words, clean.labels)


def test_generated_people_to_be_judged_on_are_never_those_to_learn_from(tmp_path):
    data = open_data("generated", replace(TINY, clips=1, training_clips=1), tmp_path)
    assert data.held_out
    judged, learned = next(iter(data.clips())), next(iter(data.training_clips()))
    assert judged.subject != learned.subject
    assert len(list((tmp_path / "clips").glob("*/*.npz"))) == 2


def test_generated_clips_to_learn_from_are_as_long_as_the_size_says(tmp_path):
    short = open_data("generated", replace(TINY, training_clips=1, training_clip_s=6.0), tmp_path)
    (clip,) = short.training_clips()
    assert clip.labels[-1].end_s == pytest.approx(6.0)
    assert next(iter(short.clips())).labels[-1].end_s == pytest.approx(30.0)
    assert short.checksum != open_data("generated", TINY, tmp_path).checksum


def test_a_large_set_is_cut_evenly(tmp_path):
    for number in range(30):
        write_picture(tmp_path / "happy" / f"S{number:03d}_001_00000001.png")
    data = open_data(str(tmp_path), replace(TINY, clips=1), tmp_path)
    subjects = [clip.subject for clip in data.clips()]
    assert len(subjects) == 20
    assert (subjects[0], subjects[-1]) == ("S000", "S029")


def test_what_is_no_data_is_told_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="expected generated, NAME:PATH"):
        open_data(str(tmp_path / "nothing"), TINY, tmp_path)
    with pytest.raises(FileNotFoundError, match="expected the data set meld, found nothing"):
        open_data(f"meld:{tmp_path / 'nothing'}", TINY, tmp_path)


def test_a_dropped_frame_takes_its_stamp_along():
    clip = tiny_clip(1)
    left = corrupted(clip, Corruption("frames", 0.5))
    assert 0 < len(left.frames) < len(clip.frames)
    assert len(left.frame_s) == len(left.frames)
    kept = np.isin(clip.frame_s, left.frame_s)
    assert (clip.frames[kept] == left.frames).all()


def test_masked_words_are_gone_and_the_rest_stays():
    clip = tiny_clip(1)
    left = corrupted(clip, Corruption("words", 0.6))
    assert set(left.words) < set(clip.words)
    assert left.frames is clip.frames


def test_the_real_set_opens():
    data = open_data(str(real("ckplus48")), TINY, real("ckplus48"))
    assert next(iter(data.clips())).frames.shape[1:] == (112, 112, 3)
