import pytest
import torch
from distributed_stages import pretraining
from tiny_windows import people, sampler

from stf2m_ros.meta.augmentation import AugmentationSettings, augment
from stf2m_ros.meta.batch_draws import Rows
from stf2m_ros.meta.processes import ALONE, Processes, joined_processes
from stf2m_ros.meta.shared_batch_norm import SharedBatchNorm, share_batch_norm
from stf2m_ros.meta.window_batches import WindowBatch, WindowSampling


@pytest.mark.parametrize(("size", "count"), [(7, 1), (7, 2), (8, 3), (4, 4)])
def test_the_shares_of_all_processes_are_the_batch(size, count):
    processes = [Processes(rank, count) for rank in range(count)]
    taken = [element for each in processes for element in range(size)[each.share(size)]]
    assert sorted(taken) == list(range(size))
    assert sum(each.fraction(size) for each in processes) == pytest.approx(1.0)


def test_a_batch_that_leaves_a_process_nothing_is_refused_with_what_to_change():
    with pytest.raises(
        ValueError, match="each of the 8 processes, found 4; raise batch_size, tasks, mixed_windows and"
    ):
        Processes(rank=5, count=8).share(4)


def test_windows_drawn_in_shares_are_those_of_the_whole_batch():
    windows = sampler(people(), WindowSampling())
    whole = windows.batch(5, (0, 3))
    for share in (slice(0, 5, 2), slice(1, 5, 2)):
        part = windows.batch(5, (0, 3), share)
        for name in WindowBatch._fields:
            assert (getattr(part, name) == getattr(whole, name)[share]).all() or name in ("components", "read_states")


def test_faces_augmented_in_shares_are_those_of_the_whole_batch():
    faces, components = torch.rand(9, 3, 32, 32), torch.rand(9, 12)
    whole, whole_components = augment(faces, components, AugmentationSettings(), torch.Generator().manual_seed(5))
    for share in (slice(0, 9, 2), slice(1, 9, 2)):
        generator = torch.Generator().manual_seed(5)
        part, part_components = augment(
            faces[share], components[share], AugmentationSettings(), generator, Rows(9, share)
        )
        torch.testing.assert_close(part, whole[share], atol=1e-6, rtol=0)
        assert torch.equal(part_components, whole_components[share])


def test_one_process_gets_back_what_it_gives():
    value = torch.rand(3)
    assert ALONE.total(value) is value
    with ALONE.first_goes_ahead():
        pass
    assert ALONE.share(5) == slice(0, 5, 1)


class Second(Processes):
    """The second process of a run whose first one has said its part."""

    def __init__(self, said: int) -> None:
        super().__init__(rank=1, count=2)
        object.__setattr__(self, "said", said)

    def total(self, value):
        return value + self.said


def test_a_process_with_another_configuration_than_the_first_ends_the_run():
    Second(said=0x0123456789ABCDE).make_from_the_same("0123456789abcdef", "a")
    with pytest.raises(ValueError, match="a: process 1 has another configuration, or other clips, than the first"):
        Second(said=0x0123456789ABCDE).make_from_the_same("f123456789abcdef", "a")
    ALONE.make_from_the_same("ffffffffffffffff", "a")


def test_without_torchrun_a_process_is_alone():
    with joined_processes("cpu") as processes:
        assert processes == ALONE


def test_shared_batch_norm_keeps_names_and_weights_and_judges_like_any_other():
    module, _ = pretraining(ALONE)
    module.eval()
    faces, names = torch.rand(2, 3, 64, 64), list(module.state_dict())
    before = module(faces)
    share_batch_norm(module)
    assert any(isinstance(each, SharedBatchNorm) for each in module.modules())
    assert list(module.state_dict()) == names
    for one, other in zip(before, module(faces)):
        assert torch.equal(one, other)
