import numpy as np
import pytest

from stf2m_ros.evaluation.scores.subject_folds import few_and_partly_wrong, paired_difference, subject_folds

SUBJECTS = [f"S{index % 11:03d}" for index in range(60)]


def test_every_clip_is_judged_once_and_nobody_is_on_both_sides():
    folds = subject_folds(SUBJECTS, 5, seed=1)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(60))
    for fold in folds:
        assert {SUBJECTS[i] for i in fold.train}.isdisjoint(SUBJECTS[i] for i in fold.test)


def test_another_seed_draws_other_folds():
    first, other = (subject_folds(SUBJECTS, 5, seed)[0].test.tolist() for seed in (1, 2))
    assert first != other


def test_more_folds_than_subjects_are_refused():
    with pytest.raises(ValueError, match="at least 12 subjects, found 11"):
        subject_folds(SUBJECTS, 12, seed=0)


def test_the_given_share_of_labels_is_wrong_and_no_more():
    labels = np.arange(60) % 6
    few = few_and_partly_wrong(np.arange(50), labels, share=0.4, wrong_share=0.3, seed=0)
    assert len(few.clips) == 20
    assert (few.labels != labels[few.clips]).sum() == 6
    assert set(few.labels) <= set(range(6))


def test_a_difference_is_told_with_its_spread():
    always, never = np.ones(60), np.zeros(60)
    assert paired_difference(always, never, SUBJECTS) == (1.0, 1.0, 1.0)
    rng = np.random.default_rng(0)
    noise = paired_difference(rng.random(60), rng.random(60), SUBJECTS)
    assert noise.low < noise.mean < noise.high
    assert noise.low < 0 < noise.high
