"""Memory of the fake GPU, and page-locked memory of this machine: freed once, on its thread, when nothing uses it."""

import threading
from typing import Any

import numpy as np

from fake_gpu.rules import DriverError, RuleBroken


class DeviceMemory:
    def __init__(self, driver: Any, address: int, size: int) -> None:
        self._driver, self._address, self._thread = driver, address, threading.current_thread()
        driver.allocated[address] = np.full(size, 0xFF, np.uint8)  # NaN, read as float32

    def __int__(self) -> int:
        return self._address

    def free(self) -> None:
        self._driver.check_context("free")
        if self._thread is not threading.current_thread():
            raise RuleBroken("device memory is freed by another thread than the one that allocated it")
        if self._address not in self._driver.allocated:
            raise RuleBroken("device memory is freed twice")
        if any(self._address in stream.touched for stream in self._driver.streams.values()):
            raise RuleBroken("device memory is freed while a stream still uses it")
        del self._driver.allocated[self._address]  # after a fault too: the broken context's end takes it along
        if self._driver.fault:
            raise DriverError(self._driver.fault)


class HostMemory:
    """Page-locked memory; numpy arrays have it as their base."""

    def __init__(self, driver: Any, size: int, dtype: Any, maps: bool) -> None:
        self._driver, self._memory, self.freed = driver, np.full(size, np.nan, dtype), False
        self.__array_interface__ = self._memory.__array_interface__
        self._address = next(driver._addresses) if maps else None
        if maps:
            driver.mapped[self._address] = self._memory.view(np.uint8)
        driver.pinned += 1

    def get_device_pointer(self) -> int:
        if self._address is None or not self._driver.integrated:
            raise DriverError("cuMemHostGetDevicePointer failed: invalid argument")
        return self._address

    def free(self) -> None:
        self._driver.check_context("free")
        if self.freed:
            raise RuleBroken("page-locked memory is freed twice")
        if any(self._address in stream.touched for stream in self._driver.streams.values()):
            raise RuleBroken("mapped memory is freed while a stream still uses it")
        self.freed = True
        self._driver.mapped.pop(self._address, None)
        self._driver.pinned -= 1
