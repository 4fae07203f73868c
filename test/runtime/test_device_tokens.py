from typing import List, Tuple

import numpy as np
import pytest
from fake_gpu import FakeDriver

from stf2m_ros.runtime.cuda_buffers import CudaDevice, CudaError
from stf2m_ros.runtime.device_tokens import DeviceTokens, window_runs

SLOTS = 12
NOBODY = np.zeros(SLOTS, bool)
EVERYBODY = np.ones(SLOTS, bool)


def runs(rows: List[int], held: List[int], joined: bool = True) -> List[Tuple[int, int]]:
    return list(window_runs(np.array(rows), np.array(held, bool), joined))


def test_a_window_that_lies_together_is_one_copy() -> None:
    assert runs([3, 4, 5, 6], [1, 1, 1, 1]) == [(0, 4)]


def test_a_window_over_the_end_of_the_ring_is_two() -> None:
    assert runs([8, 9, 0, 1], [1, 1, 1, 1]) == [(0, 2), (2, 4)]


def test_a_slot_that_takes_its_neighbours_face_is_a_copy_of_its_own() -> None:
    assert runs([3, 3, 5, 6], [1, 1, 1, 1]) == [(0, 1), (1, 2), (2, 4)]


def test_slots_without_a_face_are_cleared_together_wherever_their_rows_are() -> None:
    assert runs([3, 9, 2, 6], [1, 0, 0, 1]) == [(0, 1), (1, 3), (3, 4)]


def test_rows_that_do_not_touch_are_copied_one_by_one() -> None:
    assert runs([3, 4, 5, 6], [1, 1, 0, 0], joined=False) == [(0, 1), (1, 2), (2, 4)]


def test_a_window_of_one_slot_is_one_run() -> None:
    assert runs([3], [0]) == [(0, 1)]


@pytest.mark.parametrize("token_dim", [64, 5], ids=["rows that touch", "rows further apart than they are long"])
def test_the_gathered_window_is_what_the_host_would_assemble(token_dim: int) -> None:
    driver, random = FakeDriver(), np.random.RandomState(0)
    device, rows = CudaDevice(driver), random.randn(20, 3, token_dim).astype(np.float32)
    tokens = DeviceTokens(device, rows.shape, SLOTS)
    tokens.upload(rows)
    for held in (EVERYBODY, NOBODY, random.rand(SLOTS) > 0.5):
        for picked in (np.arange(14, 14 + SLOTS) % 20, random.randint(0, 20, SLOTS)):
            tokens.gather(picked, held)
            device.wait()
            found = driver.memory_at(tokens.window_address, 4 * SLOTS * 3 * token_dim).view(np.float32)
            expected = np.where(held[:, None, None], rows[picked], 0)
            np.testing.assert_array_equal(found.reshape(expected.shape), expected)


@pytest.mark.parametrize("token_dim", [64, 5])
def test_rows_begin_where_tensorrt_may_write_and_come_back_one_by_one(token_dim: int) -> None:
    driver, rows = FakeDriver(), np.random.RandomState(0).randn(20, 3, token_dim).astype(np.float32)
    device = CudaDevice(driver)
    tokens = DeviceTokens(device, rows.shape, SLOTS)
    assert all(tokens.row_address(row) % 256 == 0 for row in range(20))
    tokens.upload(rows)
    device.wait()
    there = driver.memory_at(tokens.row_address(7), 4 * 3 * token_dim).view(np.float32)
    there += 1
    tokens.download(7)
    device.wait()
    np.testing.assert_array_equal(tokens.shadow(7), rows[7] + 1)
    tokens.free()
    device.close()
    assert not any(driver.in_use().values())


def test_no_room_for_the_window_leaves_nothing() -> None:
    driver = FakeDriver(memory_bytes=20 * 3 * 64 * 4)  # enough for the ring
    device = CudaDevice(driver)
    with pytest.raises(CudaError, match="no memory for 9216 bytes: cuMemAlloc failed: out of memory"):
        DeviceTokens(device, (20, 3, 64), SLOTS)
    device.close()
    assert not any(driver.in_use().values())
