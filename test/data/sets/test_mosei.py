"""CMU-MOSEI, and the computational sequences that it is made of."""

import numpy as np
import pytest
from set_fixtures import write_csd

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.cmu_segments import CmuFiles
from stf2m_ros.data.sets.csd import open_sequence
from stf2m_ros.data.sets.mosei import Mosei
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import CLASS_NAMES

pytest.importorskip("h5py")

# sentiment, happy, sad, anger, surprise, disgust, fear
MIXED, CALM = [1.0, 2.0, 0, 0, 1.0, 0, 0], [0.0, 0.3, 0, 0, 0, 0, 0]
TIMES = np.arange(90) / 30


@pytest.fixture()
def folder(tmp_path):
    write_csd(tmp_path / "CMU_MOSEI_Labels.csd", "All Labels", {"vid1": ([MIXED, CALM], [[1.0, 2.0], [2.0, 3.0]])})
    facet = np.ones((90, 35)) * np.arange(90)[:, None]
    facet[40] = np.nan
    spans = np.stack([TIMES, TIMES + 1 / 30], axis=1)
    write_csd(tmp_path / "CMU_MOSEI_VisualFacet42.csd", "FACET 4.2", {"vid1": (facet, spans)})
    times = [[0.5, 1.0], [1.1, 1.4], [1.4, 1.6], [1.6, 1.9]]
    words = np.array([["before"], ["very"], ["sp"], ["good"]])
    write_csd(tmp_path / "CMU_MOSEI_TimestampedWords.csd", "words", {"vid1": (words, times)})
    vectors = np.array([1.0, 2.0, 0.0, 3.0])[:, None] * np.ones((4, 300))
    write_csd(tmp_path / "CMU_MOSEI_TimestampedWordVectors.csd", "glove_vectors", {"vid1": (vectors, times)})
    return tmp_path


def read(folder, **options):
    return list(clips(Mosei(Mosei.files_in(folder), **options)))


def test_sequences_are_aligned_to_the_segment_by_their_intervals(folder):
    first, _ = read(folder)
    assert (first.clip_id, first.subject, first.frames) == ("mosei-vid1-0", "vid1", None)
    assert first.features.shape == (29, 35)  # one of thirty shows no face
    assert first.features[0, 0] == 30 and first.frame_s[0] == pytest.approx(0.5 / 30, abs=1e-4)
    assert [(word.text, round(word.start_s, 2)) for word in first.words] == [("very", 0.1), ("good", 0.6)]
    assert first.word_vectors[:, 0].tolist() == [2, 3]


def test_several_emotions_at_once_are_shares_of_the_classes(folder):
    first, second = read(folder)
    (label,) = first.labels
    assert (CLASS_NAMES[label.class_index], label.start_s, label.end_s) == ("happiness-medium", 0, 1)
    shares = {CLASS_NAMES[index]: round(share, 3) for index, share in enumerate(label.shares) if share}
    assert shares == {"happiness-medium": 0.667, "surprise-low": 0.333}
    assert CLASS_NAMES[second.labels[0].class_index] == "neutral"
    assert second.labels[0].shares[0] == pytest.approx(0.3) and second.labels[0].shares[-1] == pytest.approx(0.7)
    assert first.facts == {"sentiment": "1"}


def test_labels_alone_are_enough(folder):
    first, _ = clips(Mosei(CmuFiles(folder / "CMU_MOSEI_Labels.csd")))
    assert first.features is None and len(first.frame_s) == 0 and first.words == () and first.word_vectors is None


def test_vectors_without_words_keep_their_times(folder):
    (folder / "CMU_MOSEI_TimestampedWords.csd").unlink()
    first, _ = read(folder)
    assert [word.text for word in first.words] == ["", ""] and first.word_vectors[:, 0].tolist() == [2, 3]


def test_a_video_that_a_sequence_lacks_has_none_of_it(folder):
    write_csd(folder / "CMU_MOSEI_Labels.csd", "All Labels", {"vid2": ([MIXED], [[0.0, 1.0]])})
    (clip,) = read(folder)
    assert clip.features is None and clip.words == ()


@pytest.mark.parametrize(
    ("features", "intervals", "said"),
    [
        ([[1.0] * 6], [[0, 1]], r"video bad: expected features \(N, 7\) and intervals \(N, 2\), found \(1, 6\)"),
        ([MIXED], [[2, 1]], r"video bad, row 0: expected intervals from start to end, found \[2\. 1\.\]"),
        ([[0, 4.0, 0, 0, 0, 0, 0]], [[0, 1]], r"video bad, row 0: expected emotions scored 0 to 3, found \(0.0, 4.0"),
        ([[0, np.nan, 0, 0, 0, 0, 0]], [[0, 1]], "video bad, row 0: expected scores that are numbers"),
    ],
)
def test_what_is_wrong_is_named_with_its_video_or_left_out(tmp_path, features, intervals, said):
    good = ([CALM], [[0.0, 1.0]])
    write_csd(tmp_path / "CMU_MOSEI_Labels.csd", "All Labels", {"bad": (features, intervals), "good": good})
    with pytest.raises(BrokenFileError, match=f"CMU_MOSEI_Labels.csd, {said}"):
        read(tmp_path)
    left_out = LeftOut(skip_broken=True)
    assert [clip.subject for clip in read(tmp_path, left_out=left_out)] == ["good"] and len(left_out.broken) == 1


def test_facet_of_another_width_is_broken(folder):
    write_csd(folder / "CMU_MOSEI_VisualFacet42.csd", "FACET 4.2", {"vid1": (np.ones((2, 47)), [[0, 1], [1, 2]])})
    with pytest.raises(BrokenFileError, match=r"video vid1: expected features \(N, 35\)"):
        read(folder)


def test_a_file_that_is_no_sequence_says_so(tmp_path):
    (tmp_path / "x.csd").write_bytes(b"nothing of the kind")
    with pytest.raises(BrokenFileError, match=r"x\.csd: expected a computational sequence"), open_sequence(
        tmp_path / "x.csd"
    ):
        pass
    with pytest.raises(FileNotFoundError, match=r"expected CMU_MOSEI\*abels\*\.csd, found none"):
        Mosei.files_in(tmp_path)
