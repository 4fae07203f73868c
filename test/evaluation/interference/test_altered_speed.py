import numpy as np
from tiny_windows import people

from stf2m_ros.evaluation.interference.altered_speed import FASTEST, SLOWEST, at_altered_speed


def test_pictures_labels_and_words_stay_together_at_altered_speed():
    before = people(4)
    after = at_altered_speed(before, seed=3, slot_s=0.1)
    lengths = {len(track) for track in after.tracks}
    assert len(lengths) > 1
    for old, new in zip(before.tracks, after.tracks):
        assert len(old) / FASTEST <= len(new) <= len(old) / SLOWEST + 1
        np.testing.assert_array_equal(new.class_index, old.class_index[new.frame_index])
        np.testing.assert_array_equal(new.components, old.components[new.frame_index])
        assert (np.diff(new.frame_index) >= 0).all()
        said_at = old.words[0].start_s / 0.1
        assert abs(new.frame_index[round(new.words[0].start_s / 0.1)] - said_at) <= 2


def test_the_same_seed_gives_the_same_speeds():
    first, again = (at_altered_speed(people(2), seed=1, slot_s=0.1) for _ in range(2))
    assert [len(track) for track in first.tracks] == [len(track) for track in again.tracks]
