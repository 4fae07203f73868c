import pytest
from set_fixtures import facs_labelling, real, write_picture

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.class_counts import count_classes
from stf2m_ros.data.sets.disfa_list import DisfaList
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import CLASS_NAMES

STILL, SMILE = "0 0 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 2 0 4 0 0 0 0 0"


def write_lists(folder, rows):
    names, scores = zip(*rows)
    (folder / "DISFA_train_img_path_fold1.txt").write_text("".join(f"{name}\n" for name in names))
    (folder / "DISFA_train_label_fold1.txt").write_text("".join(f"{score}\n" for score in scores))
    (pair,) = DisfaList.pairs_in(folder)
    return pair


@pytest.fixture()
def pair(tmp_path):
    rows = [(f"SN003/full_{number:04}.png", STILL if number < 4 else SMILE) for number in range(8)]
    rows += [(f"SN004/full_{number:04}.png", STILL) for number in (0, 1, 5, 6)]
    return write_lists(tmp_path, rows)


def test_each_person_is_a_clip_without_the_padding_row(pair):
    first, second = clips(DisfaList(*pair, facs_labelling()))
    assert (first.subject, len(first.components), second.subject, len(second.components)) == ("SN003", 7, "SN004", 3)
    assert [CLASS_NAMES[label.class_index] for label in first.labels] == ["neutral", "happiness-medium"]
    assert second.frame_s == pytest.approx([0, 0.05, 0.25])


def test_missing_frames_part_the_label(pair):
    _, second = clips(DisfaList(*pair, facs_labelling()))
    assert [(round(label.start_s, 3), round(label.end_s, 3)) for label in second.labels] == [(0, 0.075), (0.225, 0.275)]


def test_pictures_are_read_where_they_are_at_hand(pair, tmp_path):
    data_set = DisfaList(*pair, facs_labelling(), images=tmp_path, faces=FaceReading(WHOLE))
    for name in pair[0].read_text().split():
        write_picture(tmp_path / name, 50)
    first = next(clips(data_set))
    assert len(first.frames) == len(first.components) == 4 and first.frame_s == pytest.approx([0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("SN003/full_0000.png", STILL), ("readme", STILL)],
            "img_path_fold1.txt, line 2: expected a name",
        ),
        (
            [("SN003/full_0000.png", "0 0 9" + " 0" * 9)],
            "label_fold1.txt, line 1: expected intensities",
        ),
        (
            [("SN003/full_0001.png", STILL), ("SN003/full_0000.png", STILL)],
            "line 2: expected frame numbers",
        ),
        (
            [("A/f_1.png", STILL), ("B/f_1.png", STILL), ("A/f_2.png", STILL)],
            "line 3: expected each person",
        ),
    ],
)
def test_broken_lists_name_the_line(tmp_path, rows, said):
    with pytest.raises(BrokenFileError, match=said):
        list(DisfaList(*write_lists(tmp_path, rows), facs_labelling()).recordings())


def test_lists_of_different_lengths_do_not_belong_together(pair):
    pair[1].write_text(pair[1].read_text() + STILL + "\n")
    with pytest.raises(BrokenFileError, match="label_fold1.txt: expected 12 rows, as in DISFA_train"):
        list(DisfaList(*pair, facs_labelling()).recordings())


def test_the_real_lists_are_nine_people_with_every_emotion():
    (pair,) = DisfaList.pairs_in(real("disfa"))
    data_set = DisfaList(*pair, facs_labelling())
    assert sum(len(frames.number) for frames in data_set.scored_frames()) == 43_186
    counts = count_classes(data_set.recordings())
    assert (counts.all_clips, counts.subjects) == (9, 9)
    assert {name.split("-")[0] for name in counts.labels} == {name.split("-")[0] for name in CLASS_NAMES}
