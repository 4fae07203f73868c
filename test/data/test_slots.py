import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.slots import UNLABELLED, slot_track, vocabulary
from stf2m_ros.stream.settings import WindowGrid

GRID = WindowGrid()


def clip(frame_s, labels=(), words=(), components=None):
    return Clip("clip", "someone", None, np.asarray(frame_s, float), tuple(words), tuple(labels), components)


def test_a_slot_holds_the_nearest_frame_within_a_tenth_of_a_second():
    track = slot_track(clip([0.0, 0.04, 0.12, 0.5], labels=[LabelInterval(3, 0, 0.6)]), GRID)
    assert track.frame_index.tolist() == [0, 2, 2, -1, 3, 3]  # 0.3 s is farther than 0.1 s from every frame


def test_a_clip_that_holds_nothing_is_one_empty_slot():
    track = slot_track(clip([]), GRID)
    assert (track.frame_index.tolist(), track.class_index.tolist(), track.words) == ([-1], [UNLABELLED], ())


def test_labels_cover_the_slots_whose_centre_they_cover():
    track = slot_track(clip([], labels=[LabelInterval(3, 0.1, 0.3), LabelInterval(18, 0.3, 0.5)]), GRID)
    assert track.class_index.tolist() == [UNLABELLED, 3, 3, 18, 18]
    assert (track.frame_index == -1).all()


def test_components_follow_their_frames():
    components = np.arange(24, dtype=np.float32).reshape(2, 12)
    track = slot_track(clip([0.0, 0.3], components=components, labels=[LabelInterval(0, 0, 0.5)]), GRID)
    assert track.components[[0, 3], 0].tolist() == [0.0, 12.0]


def test_the_vocabulary_is_lower_case_and_sorted_with_marks_apart():
    words = [TimedWord("So", 0, 1), TimedWord("happy!?", 1, 2), TimedWord("so", 2, 3)]
    assert vocabulary([slot_track(clip([], words=words), GRID)]) == ["!", "?", "happy", "so"]


def test_a_shared_label_keeps_its_shares_in_every_slot_that_it_covers():
    shares = (0.25, 0.75, *[0.0] * 17)
    labels = [LabelInterval(1, 0.0, 0.2, shares), LabelInterval(18, 0.2, 0.3)]
    track = slot_track(clip([0.0, 0.5], labels=labels), GRID)
    assert track.shares(slice(0, 5)).argmax(1).tolist() == [1, 1, 18, 0, 0]
    assert track.shares(slice(0, 5)).sum(1).tolist() == [1, 1, 1, 0, 0]
    assert track.shares(slice(0, 1))[0, :2].tolist() == [0.25, 0.75]


def test_a_label_of_one_class_has_it_all():
    track = slot_track(clip([], labels=[LabelInterval(3, 0.1, 0.3)]), GRID)
    assert track.shares(slice(None)).sum(0).nonzero()[0].tolist() == [3]
    assert track.shares(slice(None)).sum(1).tolist() == [0, 1, 1]
