"""Covers of training: something large, of a colour and a pattern of its own, over some pictures and no others."""

import pytest
import torch

from stf2m_ros.meta.batch_draws import Draws, Rows
from stf2m_ros.meta.covers import LARGEST_SHARE, covered

GREY = torch.full((600, 3, 32, 32), 0.5)


def hidden(share=1.0, seed=0):
    """Where the covered pictures are not grey any more, and the pictures."""
    changed = covered(GREY, share, Draws(torch.Generator().manual_seed(seed), Rows(len(GREY), slice(None))))
    return (changed != GREY).any(1), changed


def test_as_many_pictures_get_a_cover_as_asked():
    assert not hidden(0.0)[0].any()
    assert hidden(0.3)[0].any((1, 2)).float().mean().item() == pytest.approx(0.3, abs=0.06)


def test_covers_are_small_and_large_and_leave_some_of_the_picture():
    area = hidden()[0].float().mean((1, 2))
    assert area.min() < 0.1 and area.max() > 0.5
    assert area.quantile(0.95) < LARGEST_SHARE + 0.1


def test_some_hang_from_below_some_stand_free_and_some_are_scattered():
    where = torch.cat([hidden(seed=seed)[0] for seed in range(8)])  # the cells are as fine for a whole batch
    below = where[:, -1].all(1) & ~where[:, 0].any(1)
    edges = where.int().diff(dim=2).abs().sum(2).amax(1)
    assert 0.2 < below.float().mean() < 0.5
    assert 0.2 < (edges > 2).float().mean() < 0.5


def test_most_covers_have_a_weak_pattern():
    where, changed = hidden()
    spread = torch.stack([picture[:, mask].std(1).max() for picture, mask in zip(changed, where) if mask.sum() > 9])
    assert (spread > 0.01).float().mean() > 0.7
    assert spread.median() < 0.2
    assert spread.max() > 0.2


def test_behind_a_cover_nothing_of_the_face_is_left_and_beside_it_all():
    first, second = (torch.rand(50, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) for seed in (2, 3))
    one, other = (
        covered(faces, 1.0, Draws(torch.Generator().manual_seed(4), Rows(50, slice(None)))) for faces in (first, second)
    )
    under = (one == other).all(1, keepdim=True).expand_as(one)
    assert 0.1 < under.float().mean() < 0.5
    assert torch.equal(one[~under], first[~under])
