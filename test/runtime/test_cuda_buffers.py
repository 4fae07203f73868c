import threading
from typing import Callable

import numpy as np
import pytest
from fake_gpu import DriverError, DriverMemoryError, FakeDriver, RuleBroken

from stf2m_ros.runtime.cuda_buffers import (
    CudaDevice,
    CudaError,
    CudaMissing,
    MappedPair,
    PinnedPair,
    device_name,
    load_driver,
)

NOTHING = {"device": 0, "pinned": 0, "contexts": 0, "streams": 0, "tensorrt": 0}


def test_numbers_go_to_the_device_and_back() -> None:
    driver = FakeDriver()
    device = CudaDevice(driver)
    pair = device.pinned_pair(4)
    pair.host[:] = [1, 2, 3, 4]
    pair.to_device(4, device.stream)
    device.wait()
    pair.host[:] = 0
    pair.to_host(3, device.stream)
    device.wait()
    assert pair.host.tolist() == [1, 2, 3, 0]
    pair.free()
    device.close()
    assert driver.in_use() == NOTHING


def test_no_room_on_the_device_is_said_and_leaves_nothing() -> None:
    driver = FakeDriver(memory_bytes=8)
    device = CudaDevice(driver)
    with pytest.raises(CudaError, match="no memory for 16 bytes: cuMemAlloc failed: out of memory"):
        device.pinned_pair(4)
    device.close()
    assert driver.in_use() == NOTHING


@pytest.mark.parametrize(
    ("integrated", "memory", "mapped"),
    [(True, "auto", True), (False, "auto", False), (True, "copied", False), (True, "mapped", True)],
)
def test_memory_is_mapped_where_the_gpu_shares_it_unless_told_otherwise(
    integrated: bool, memory: str, mapped: bool
) -> None:
    device = CudaDevice(FakeDriver(integrated=integrated), memory)
    assert device.mapped == mapped
    assert isinstance(device.tensor_pair(4), MappedPair if mapped else PinnedPair)


def test_mapped_memory_is_one_for_both_and_takes_none_of_the_device() -> None:
    driver = FakeDriver(integrated=True)
    device = CudaDevice(driver)
    pair = device.tensor_pair(4)
    pair.host[:] = [1, 2, 3, 4]
    pair.to_device(4, device.stream)
    assert driver.memory_at(pair.address, 16).view(np.float32).tolist() == [1, 2, 3, 4]
    pair.to_host(4, device.stream)
    assert (driver.copied_bytes, driver.in_use()["device"]) == (0, 0)
    pair.free()
    device.close()
    assert driver.in_use() == NOTHING


def test_mapping_where_it_is_not_to_be_had_is_said_and_leaves_nothing() -> None:
    driver = FakeDriver()
    device = CudaDevice(driver, "mapped")
    with pytest.raises(CudaError, match="no memory for 16 bytes: cuMemHostGetDevicePointer failed"):
        device.tensor_pair(4)
    device.close()
    assert driver.in_use() == NOTHING


def test_numbers_are_copied_and_cleared_within_the_device() -> None:
    driver = FakeDriver()
    device = CudaDevice(driver)
    pair, floats = device.pinned_pair(4), device.floats(6)
    pair.host[:] = [1, 2, 3, 4]
    pair.to_device(4, device.stream)
    floats.clear(0, 6, device.stream)
    floats.copy(1, pair.address + 4, 3, device.stream)
    device.wait()
    assert driver.memory_at(floats.address, 24).view(np.float32).tolist() == [0, 2, 3, 4, 0, 0]
    pair.host[:] = 0
    pair.to_host(2, device.stream, start=2)
    device.wait()
    assert pair.host.tolist() == [0, 0, 3, 4]


def test_a_failure_of_what_was_queued_comes_out_where_it_is_waited_for() -> None:
    driver = FakeDriver()
    device = CudaDevice(driver)
    driver.fault = "an illegal memory access was encountered"
    with pytest.raises(CudaError, match="the GPU failed: an illegal memory access"):
        device.wait()


def test_a_driver_without_a_gpu_is_said() -> None:
    with pytest.raises(CudaMissing, match="the GPU does not say what it is: cuDeviceGet failed"):
        device_name(FakeDriver(gpus=0))


def test_the_device_is_named_by_model_and_compute_capability() -> None:
    assert device_name(FakeDriver()) == "Fake Xavier (compute 7.2)"


def raising(error: Exception) -> Callable[..., None]:
    def step(*arguments: object) -> None:
        raise error

    return step


def test_without_pycuda_that_is_said() -> None:
    with pytest.raises(CudaMissing, match="pycuda is not installed for this Python"):
        load_driver(raising(ModuleNotFoundError(name="pycuda")))


def test_a_pycuda_without_the_drivers_library_is_said() -> None:
    with pytest.raises(CudaMissing, match="pycuda does not load: libcuda.so.1: cannot open"):
        load_driver(raising(ImportError("libcuda.so.1: cannot open shared object file")))


def test_a_driver_that_does_not_answer_is_said() -> None:
    driver = FakeDriver()
    driver.init = raising(DriverError("cuInit failed: no CUDA-capable device is detected"))
    with pytest.raises(CudaMissing, match="no NVIDIA driver answers: cuInit failed: no CUDA-capable device"):
        load_driver(lambda name: driver)


def test_a_driver_that_sees_no_gpu_is_said() -> None:
    with pytest.raises(CudaMissing, match="sees no GPU"):
        load_driver(lambda name: FakeDriver(gpus=0))


def test_a_driver_with_a_gpu_is_taken() -> None:
    driver = FakeDriver()
    assert load_driver(lambda name: driver) is driver


def test_a_gpu_without_a_stream_leaves_nothing() -> None:
    driver = FakeDriver()
    driver.Stream = raising(DriverMemoryError("cuStreamCreate failed: out of memory"))
    with pytest.raises(CudaError, match="no stream: cuStreamCreate failed"):
        CudaDevice(driver)
    assert driver.in_use() == NOTHING


class TestTheFakeEnforcesTheRules:
    def test_a_context_belongs_to_its_thread(self) -> None:
        device = CudaDevice(FakeDriver())
        assert isinstance(_raised_on_another_thread(lambda: device.pinned_pair(1)), RuleBroken)

    def test_memory_is_not_freed_by_another_thread_that_has_a_context(self) -> None:
        driver = FakeDriver()
        pair = CudaDevice(driver).pinned_pair(1)

        def free() -> None:
            CudaDevice(driver)
            pair.free()

        assert "another thread" in str(_raised_on_another_thread(free))

    def test_memory_is_not_used_after_it_was_freed(self) -> None:
        device = CudaDevice(FakeDriver())
        pair = device.pinned_pair(1)
        pair.free()
        with pytest.raises(RuleBroken, match="after it was freed"):
            pair.to_device(1, device.stream)

    def test_memory_is_not_freed_while_it_is_used(self) -> None:
        device = CudaDevice(FakeDriver())
        pair = device.pinned_pair(1)
        pair.to_device(1, device.stream)
        with pytest.raises(RuleBroken, match="while a stream still uses it"):
            pair.free()

    def test_memory_is_not_freed_twice(self) -> None:
        pair = CudaDevice(FakeDriver()).pinned_pair(1)
        pair.free()
        with pytest.raises(RuleBroken, match="freed twice"):
            pair.free()

    def test_a_result_is_not_there_before_the_stream_was_waited_for(self) -> None:
        device = CudaDevice(FakeDriver())
        pair = device.pinned_pair(1)
        pair.host[:] = 1
        pair.to_device(1, device.stream)
        device.wait()
        pair.to_host(1, device.stream)
        assert np.isnan(pair.host[0])

    def test_a_buffer_does_not_change_while_it_is_copied(self) -> None:
        device = CudaDevice(FakeDriver())
        pair = device.pinned_pair(1)
        pair.to_device(1, device.stream)
        pair.host[:] = 2
        with pytest.raises(RuleBroken, match="changed while its copy"):
            device.wait()

    def test_a_copy_within_the_device_stays_within_its_memory(self) -> None:
        device = CudaDevice(FakeDriver())
        one, other = device.floats(4), device.floats(4)
        one.copy(2, other.address, 3, device.stream)
        with pytest.raises(RuleBroken, match="12 bytes from 8 on are more than the 16 allocated"):
            device.wait()

    def test_mapped_memory_is_not_freed_while_it_is_used(self) -> None:
        device = CudaDevice(FakeDriver(integrated=True))
        pair, floats = device.tensor_pair(4), device.floats(4)
        floats.copy(0, pair.address, 4, device.stream)
        with pytest.raises(RuleBroken, match="mapped memory is freed while"):
            pair.free()

    def test_two_streams_do_not_share_memory_without_waiting(self) -> None:
        driver = FakeDriver()
        device = CudaDevice(driver)
        pair, other = device.pinned_pair(1), driver.Stream()
        pair.to_device(1, device.stream)
        with pytest.raises(RuleBroken, match="two streams"):
            pair.to_host(1, other)

    def test_the_context_is_not_left_while_something_lives_in_it(self) -> None:
        device = CudaDevice(FakeDriver())
        device.pinned_pair(1)
        with pytest.raises(RuleBroken, match="left while things live in it"):
            device.close()


def _raised_on_another_thread(action: object) -> BaseException:
    raised = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0]
