from dataclasses import replace

import torch

from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.meta.augmentation import AugmentationSettings, augment

STILL = AugmentationSettings(
    flip_share=0, rotation_deg=0, scale=0, shift=0, grey_share=0, contrast=0, brightness=0, coarse_share=0,
    covered_share=0, noise=0,
)  # fmt: skip


def batch(count=6):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 32, 32, generator=generator), torch.rand(count, 12, generator=generator)


def test_nothing_chosen_changes_nothing():
    faces, components = batch()
    changed, same = augment(faces, components, STILL, torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed, faces, atol=1e-5, rtol=0)
    assert torch.equal(same, components)


def test_a_mirrored_face_has_its_left_and_right_components_exchanged():
    faces, components = batch()
    changed, swapped = augment(faces, components, replace(STILL, flip_share=1.0), torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed, faces.flip(-1), atol=1e-5, rtol=0)
    left, right = COMPONENTS.index("left_mouth_corner"), COMPONENTS.index("right_mouth_corner")
    assert torch.equal(swapped[:, left], components[:, right])
    assert torch.equal(swapped[:, COMPONENTS.index("mouth")], components[:, COMPONENTS.index("mouth")])


def test_the_same_generator_gives_the_same_pictures_and_they_stay_pictures():
    faces, components = batch()
    first, _ = augment(faces, components, AugmentationSettings(), torch.Generator().manual_seed(5))
    again, _ = augment(faces, components, AugmentationSettings(), torch.Generator().manual_seed(5))
    assert torch.equal(first, again)
    assert not torch.equal(first, faces)
    assert first.min() >= 0
    assert first.max() <= 1
