"""Stands for the module pycuda.driver."""

import itertools
import threading
import weakref
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from fake_gpu.context import FakeContext, FakeStream
from fake_gpu.memory import DeviceMemory, HostMemory
from fake_gpu.rules import DriverError, DriverMemoryError, RuleBroken

ALLOCATIONS_APART = 1 << 30  # bytes between the addresses of two allocations


class FakeDriver:
    """Stands for the module pycuda.driver, with one GPU. `memory_bytes` is what the GPU has."""

    Error, MemoryError = DriverError, DriverMemoryError
    host_alloc_flags = SimpleNamespace(DEVICEMAP=2)
    device_attribute = SimpleNamespace(INTEGRATED="integrated", CAN_MAP_HOST_MEMORY="maps")

    def __init__(
        self, memory_bytes: int = 1 << 30, gpus: int = 1, name: str = "Fake Xavier", integrated: bool = False
    ) -> None:
        self.memory_bytes, self.gpus, self.gpu_name, self.integrated = memory_bytes, gpus, name, integrated
        self.allocated: Dict[int, np.ndarray] = {}  # first device address -> its bytes
        self.mapped: Dict[int, np.ndarray] = {}  # the same, of memory of this machine
        self.copied_bytes = 0  # between this machine's memory and the device's, when it was queued
        self.pinned = 0
        self.fault: Optional[str] = None  # the next wait for a stream fails with it, and all that follow
        self.retained = 0
        self.allocations = 0
        self.users: weakref.WeakSet[Any] = weakref.WeakSet()  # TensorRT objects that live in the context
        self._contexts = threading.local()
        self._addresses = itertools.count(0x7F0000000000, ALLOCATIONS_APART)
        self._handles = itertools.count(1)
        self.streams: weakref.WeakValueDictionary[int, FakeStream] = weakref.WeakValueDictionary()
        self.Device = _device_class(self)

    def init(self) -> None: ...

    def Stream(self) -> "FakeStream":  # noqa: N802  pycuda's name
        self.check_context("make a stream")
        return FakeStream(self, next(self._handles))

    def mem_alloc(self, size: int) -> "DeviceMemory":
        self.check_context("allocate")
        if sum(len(each) for each in self.allocated.values()) + size > self.memory_bytes:
            raise DriverMemoryError("cuMemAlloc failed: out of memory")
        self.allocations += 1
        return DeviceMemory(self, next(self._addresses), size)

    def pagelocked_empty(self, size: int, dtype: Any, order: str = "C", mem_flags: int = 0) -> np.ndarray:
        self.check_context("lock pages")
        self.allocations += 1
        return np.asarray(HostMemory(self, size, dtype, bool(mem_flags & self.host_alloc_flags.DEVICEMAP)))

    def memcpy_htod_async(self, target: Any, source: np.ndarray, stream: "FakeStream") -> None:
        self.check_pinned(source)
        data = source.tobytes()
        self.copied_bytes += len(data)

        def copy() -> None:
            if source.tobytes() != data:
                raise RuleBroken("a host buffer changed while its copy to the device was under way")
            self.memory_at(int(target), len(data))[:] = np.frombuffer(data, np.uint8)

        stream.queue(copy, {self.base_of(int(target))})

    def memcpy_dtoh_async(self, target: np.ndarray, source: Any, stream: "FakeStream") -> None:
        self.check_pinned(target)
        self.copied_bytes += target.nbytes
        target.fill(np.nan)  # until the stream was waited for, nothing can be read there

        def copy() -> None:
            target[:] = self.memory_at(int(source), target.nbytes).view(np.float32)

        stream.queue(copy, {self.base_of(int(source))})

    def memcpy_dtod_async(self, target: int, source: int, size: int, stream: "FakeStream") -> None:
        def copy() -> None:
            self.memory_at(target, size)[:] = self.memory_at(source, size)

        stream.queue(copy, {self.base_of(target), self.base_of(source)})

    def memset_d32_async(self, target: int, data: int, count: int, stream: "FakeStream") -> None:
        def fill() -> None:
            self.memory_at(target, 4 * count).view(np.uint32)[:] = data

        stream.queue(fill, {self.base_of(target)})

    def stack(self) -> List["FakeContext"]:
        if not hasattr(self._contexts, "stack"):
            self._contexts.stack = []
        return self._contexts.stack

    def check_context(self, what: str) -> None:
        if not self.stack():
            raise RuleBroken(f"{what}: no context is current on thread {threading.current_thread().name}")

    def check_pinned(self, array: np.ndarray) -> None:
        base = array
        while isinstance(base, np.ndarray) and base.base is not None:
            base = base.base
        if not isinstance(base, HostMemory):
            raise RuleBroken("an asynchronous copy with memory that is not page-locked")
        if base.freed:
            raise RuleBroken("page-locked memory is used after it was freed")

    def base_of(self, address: int) -> int:
        """First address of the allocation that an address lies in."""
        base = address - address % ALLOCATIONS_APART
        if base not in self.allocated and base not in self.mapped:
            raise RuleBroken("device memory is used after it was freed, or was never allocated")
        return base

    def memory_at(self, address: int, size: int) -> np.ndarray:
        """(size,) the bytes from an address on, to read and write."""
        base = self.base_of(address)
        memory = self.mapped[base] if base in self.mapped else self.allocated[base]
        if address - base + size > len(memory):
            raise RuleBroken(f"{size} bytes from {address - base} on are more than the {len(memory)} allocated")
        return memory[address - base : address - base + size]

    def in_use(self) -> Dict[str, int]:
        """What is not given back; all zero at the end."""
        return {
            "device": len(self.allocated),
            "pinned": self.pinned,
            "contexts": self.retained,
            "streams": len(self.streams),
            "tensorrt": len(self.users),
        }


def _device_class(driver: FakeDriver) -> type:
    class Device:
        def __init__(self, index: int) -> None:
            if index >= driver.gpus:
                raise DriverError("cuDeviceGet failed: invalid device ordinal")

        @staticmethod
        def count() -> int:
            return driver.gpus

        def name(self) -> str:
            return driver.gpu_name

        def compute_capability(self) -> Tuple[int, int]:
            return 7, 2

        def get_attribute(self, attribute: str) -> int:
            return int(driver.integrated)

        def retain_primary_context(self) -> "FakeContext":
            driver.retained += 1
            return FakeContext(driver)

    return Device
