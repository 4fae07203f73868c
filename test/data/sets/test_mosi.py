import pytest
from set_fixtures import real, write_csd

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.class_counts import count_classes
from stf2m_ros.data.sets.mosi import Mosi
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import CLASS_NAMES

pytest.importorskip("h5py")


@pytest.fixture()
def folder(tmp_path):
    scores, times = [[2.4], [0.2], [-1.8]], [[0, 1], [1, 2], [2, 4.5]]
    write_csd(tmp_path / "CMU_MOSI_Opinion_Labels.csd", "Opinion Segment Labels", {"03bSn": (scores, times)})
    return tmp_path


def test_good_opinions_are_weakly_happiness_and_bad_ones_have_no_class(folder):
    good, none, bad = clips(Mosi(Mosi.files_in(folder)))
    assert CLASS_NAMES[good.labels[0].class_index] == "happiness-medium"
    assert good.labels[0].shares[1:3] == pytest.approx((0.6, 0.4), abs=1e-6)
    assert CLASS_NAMES[none.labels[0].class_index] == "neutral"
    assert bad.labels == () and bad.facts["sentiment"] == "-1.8"


def test_weak_labels_can_be_done_without(folder):
    assert all(not clip.labels for clip in clips(Mosi(Mosi.files_in(folder), weak_labels=False)))


def test_a_score_beyond_the_scale_is_broken(folder):
    write_csd(folder / "CMU_MOSI_Opinion_Labels.csd", "Opinion Segment Labels", {"v": ([[3.5]], [[0, 1]])})
    with pytest.raises(BrokenFileError, match="video v, row 0: expected an opinion -3 to 3, found 3.5"):
        list(clips(Mosi(Mosi.files_in(folder))))


def test_the_real_file_holds_2199_segments_of_93_videos():
    data_set = Mosi(Mosi.files_in(real("mosi")))
    counts = count_classes(data_set.recordings())
    assert (counts.all_clips, counts.subjects) == (2199, 93)
    assert 0 < counts.unlabelled_clips < 1100
    first = next(clips(data_set))
    assert first.labels[0].end_s == pytest.approx(4.0408, abs=1e-3)
