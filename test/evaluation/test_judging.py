import numpy as np
import pytest
from fakes import write_tiny_bundle
from tiny_studies import TinyData, tiny_clip, tiny_context

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.evaluation.interference.corruptions import Corruption
from stf2m_ros.evaluation.judging import BundleJudge, held_for_a_segment, judged, keep_arrays, segment_labels


def test_every_labelled_segment_is_judged_by_the_robots_runtime(tmp_path):
    judge = BundleJudge(write_tiny_bundle(tmp_path / "bundle"))
    found = judge.judge(tiny_clip(1)).scored
    judge.close()
    assert found.expected.tolist() == [18, 18, *[4] * 6]
    assert np.allclose(found.probabilities.sum(1), 1, atol=1e-4)
    assert found.start_s.tolist() == [0.5 * place for place in range(8)]
    assert set(found.facts) == {"Sex"}


def test_one_clip_after_another_leaves_no_trace(tmp_path):
    judge = BundleJudge(write_tiny_bundle(tmp_path / "bundle"))
    alone = judge.judge(tiny_clip(1)).scored.probabilities
    judge.judge(tiny_clip(2))
    again = judge.judge(tiny_clip(1)).scored.probabilities
    judge.close()
    assert (alone == again).all()


def test_a_clip_longer_than_the_window_is_judged_window_by_window(tmp_path):
    judge = BundleJudge(write_tiny_bundle(tmp_path / "bundle"))
    found = judge.judge(tiny_clip(1, seconds=33.0)).scored
    judge.close()
    assert len(found) == 66
    assert found.probabilities.any(1).all()


def test_the_words_of_a_clip_of_many_minutes_are_heard_to_its_end(tmp_path):
    words = tuple(TimedWord(f"word{second % 7}", second * 0.25, second * 0.25 + 0.2) for second in range(4 * 660))
    spoken = Clip("c", "P", None, np.zeros(0), words, (LabelInterval(18, 0.0, 660.0),), None)
    judge = BundleJudge(write_tiny_bundle(tmp_path / "bundle"))
    found = judge.judge(spoken).scored
    judge.close()
    assert found.probabilities.any(1).all()


def test_where_nobody_was_seen_or_heard_the_model_is_silent(tmp_path):
    judge = BundleJudge(write_tiny_bundle(tmp_path / "bundle"))
    clip = tiny_clip(1)
    unseen = Clip("c", "P", clip.frames[:15], clip.frame_s[:15], (), clip.labels, None)
    found = judge.judge(unseen).scored
    judge.close()
    assert found.probabilities.any(1).tolist() == [True] * 4 + [False] * 4  # 1.4 s is near 1.5 s, too


def test_a_few_pictures_of_an_apex_are_held_for_one_segment():
    clip = tiny_clip(1)
    apex = Clip("c", "P", clip.frames[:3], np.array([0, 1 / 30, 2 / 30]), (), (LabelInterval(2, 0.0, 0.167),), None)
    held = held_for_a_segment(apex, 0.5)
    assert held.frame_s.tolist() == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert held.labels[0].end_s == 0.5


def test_a_segment_has_the_class_that_covers_most_of_it():
    labels = (LabelInterval(0, 0.0, 0.7), LabelInterval(3, 0.7, 1.1))
    clip = Clip("c", "P", None, np.zeros(0), (), labels, None)
    classes, shares = segment_labels(clip, 0.5)
    assert classes.tolist() == [0, 3, UNLABELLED]
    assert np.allclose(shares[1, [0, 3]], [0.4, 0.6])


def test_what_was_judged_is_kept(tmp_path):
    context = tiny_context(tmp_path)
    first, memberships = judged(context, Corruption("words", 0.5))
    kept = list((tmp_path / "work" / "judged").iterdir())
    again, _ = judged(context, Corruption("words", 0.5))
    assert len(kept) == 1
    assert (first.probabilities == again.probabilities).all()
    assert memberships.shape == (len(first), 18)
    assert len(set(first.subjects)) == TinyData().count


def test_what_cannot_be_kept_is_told_with_its_file_and_leaves_nothing(tmp_path):
    (tmp_path / "judged.npz").mkdir()  # nothing can take its place
    with pytest.raises(OSError, match=r"judged\.npz: expected room for "):
        keep_arrays(tmp_path / "judged.npz", rows=np.zeros(3))
    assert [path.name for path in tmp_path.iterdir()] == ["judged.npz"]
