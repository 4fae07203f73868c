"""Device memory, page-locked memory and the stream, through pycuda. The only file that imports pycuda.

One thread opens a CudaDevice, uses it and closes it: contexts are stacks per thread, and what another thread frees
is leaked. Proven without a GPU only: the tests run every line here against a driver that enforces those rules.
"""

import importlib
import logging
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Callable, Iterator, Optional, Union

import numpy as np

GPU_MEMORY = ("auto", "mapped", "copied")
"""How inputs and outputs come to the GPU: mapped where it shares the CPU's memory, copied where it has its own."""
_LOG = logging.getLogger(__name__)


class CudaError(RuntimeError):
    """The driver refused, in one line: no GPU, no memory, a broken context."""


class CudaMissing(CudaError):
    """There is no pycuda, no driver or no GPU."""


def load_driver(import_module: Callable[[str], ModuleType] = importlib.import_module) -> ModuleType:
    """pycuda's driver, initialised, with at least one GPU. Raises CudaMissing."""
    try:
        driver = import_module("pycuda.driver")
    except ModuleNotFoundError as error:
        raise CudaMissing(f"{error.name} is not installed for this Python") from error
    except Exception as error:  # it links the driver's library, whose absence is an ImportError or an OSError
        raise CudaMissing(f"pycuda does not load: {_one_line(error)}") from error
    try:
        driver.init()
        count = driver.Device.count()
    except Exception as error:
        raise CudaMissing(f"no NVIDIA driver answers: {_one_line(error)}") from error
    if count < 1:
        raise CudaMissing("the NVIDIA driver sees no GPU")
    return driver


class PinnedPair:
    """Memory for one tensor twice, page-locked here and on the device, and the way between."""

    def __init__(self, driver: Any, size: int) -> None:
        """size: float32 numbers. Raises what the driver raises."""
        self._driver = driver
        self.host: np.ndarray = driver.pagelocked_empty(size, np.float32)  # (size,)
        try:
            self._device = driver.mem_alloc(4 * size)
        except Exception:
            self.host.base.free()
            raise

    @property
    def address(self) -> int:
        """Where the tensor is on the device."""
        return int(self._device)

    def to_device(self, size: int, stream: Any) -> None:
        """Queue the first size numbers; the host part must not change before the stream was waited for."""
        self._driver.memcpy_htod_async(self._device, self.host[:size], stream)

    def to_host(self, size: int, stream: Any, start: int = 0) -> None:
        """Queue size numbers back, from number `start` on; they are there once the stream was waited for."""
        self._driver.memcpy_dtoh_async(self.host[start : start + size], self.address + 4 * start, stream)

    def free(self) -> None:
        try:
            self._device.free()
        finally:  # the device may be out of order, this machine's memory is not
            self.host.base.free()


class MappedPair:
    """Memory for one tensor once, page-locked, which an integrated GPU reads and writes where it lies.

    Used like a PinnedPair; what the device wrote is there once the stream was waited for.
    """

    def __init__(self, driver: Any, size: int) -> None:
        """size: float32 numbers. Raises what the driver raises."""
        self.host: np.ndarray = driver.pagelocked_empty(size, np.float32, "C", driver.host_alloc_flags.DEVICEMAP)
        try:
            self.address = int(self.host.base.get_device_pointer())
        except Exception:
            self.host.base.free()
            raise

    def to_device(self, size: int, stream: Any) -> None:
        """Nothing to do; the host part must not change before the stream was waited for."""

    def to_host(self, size: int, stream: Any) -> None:
        """Nothing to do."""

    def free(self) -> None:
        self.host.base.free()


TensorPair = Union[PinnedPair, MappedPair]


class DeviceFloats:
    """Float32 numbers that only the device sees."""

    def __init__(self, driver: Any, size: int) -> None:
        """Raises what the driver raises."""
        self._driver = driver
        self._device = driver.mem_alloc(4 * size)

    @property
    def address(self) -> int:
        return int(self._device)

    def copy(self, start: int, source_address: int, size: int, stream: Any) -> None:
        """Queue size numbers from elsewhere on the device to number `start` on."""
        self._driver.memcpy_dtod_async(self.address + 4 * start, source_address, 4 * size, stream)

    def clear(self, start: int, size: int, stream: Any) -> None:
        """Queue zeros for size numbers from `start` on."""
        self._driver.memset_d32_async(self.address + 4 * start, 0, size, stream)

    def free(self) -> None:
        self._device.free()


class CudaDevice:
    """The first GPU: its primary context, current on this thread from here to close(), and one stream."""

    def __init__(self, driver: Optional[Any] = None, memory: str = "auto") -> None:
        """driver: another than pycuda's, for tests. memory: one of GPU_MEMORY. Raises CudaMissing, CudaError."""
        self._driver = driver if driver is not None else load_driver()
        with self.guarded("the GPU cannot be opened"):
            device = self._driver.Device(0)
            self.name = describe(device)
            self.mapped = memory == "mapped" or (memory == "auto" and self._shares_memory(device))
            # The primary context, because TensorRT makes its own things in that one.
            self._context = device.retain_primary_context()
            self._context.push()
        try:
            with self.guarded("no stream"):
                self.stream = self._driver.Stream()
        except CudaError:
            self._leave()
            raise

    @property
    def stream_handle(self) -> int:
        return int(self.stream.handle)

    def tensor_pair(self, size: int) -> TensorPair:
        """For an input or output of a graph. Raises CudaError, for instance when the device's memory is used up."""
        with self.guarded(f"no memory for {4 * size} bytes"):
            return (MappedPair if self.mapped else PinnedPair)(self._driver, size)

    def pinned_pair(self, size: int) -> PinnedPair:
        """Raises CudaError."""
        with self.guarded(f"no memory for {4 * size} bytes"):
            return PinnedPair(self._driver, size)

    def floats(self, size: int) -> DeviceFloats:
        """Raises CudaError."""
        with self.guarded(f"no memory for {4 * size} bytes"):
            return DeviceFloats(self._driver, size)

    @contextmanager
    def guarded(self, what: str) -> Iterator[None]:
        """Turns the driver's errors, of whatever kind, into CudaError."""
        try:
            yield
        except self._driver.Error as error:
            raise CudaError(f"{what}: {_one_line(error)}") from error

    def quietly(self, step: Callable[[], None]) -> None:
        """A step of closing: after a failure of the GPU nothing can be waited for or freed; the process lives on."""
        try:
            with self.guarded("closing"):
                step()
        except CudaError as error:
            _LOG.debug("%s", error)

    def wait(self) -> None:
        """Until everything queued is done. Errors of what was queued come out here."""
        with self.guarded("the GPU failed"):
            self.stream.synchronize()

    def close(self) -> None:
        """Leaves the context, on the thread that entered it."""
        del self.stream
        self._leave()

    def _shares_memory(self, device: Any) -> bool:
        """Whether GPU and CPU have one memory, as on a Jetson, and either may read what the other wrote."""
        attribute = self._driver.device_attribute
        return all(bool(device.get_attribute(each)) for each in (attribute.INTEGRATED, attribute.CAN_MAP_HOST_MEMORY))

    def _leave(self) -> None:
        try:
            self._context.pop()
            self._context.detach()
        except self._driver.Error as error:
            _LOG.debug("leaving the GPU's context: %s", _one_line(error))


def describe(device: Any) -> str:
    """Model and compute capability of a pycuda device: an engine fits exactly these."""
    major, minor = device.compute_capability()
    return f"{device.name()} (compute {major}.{minor})"


def device_name(driver: Optional[Any] = None) -> str:
    """The name of the first GPU, without entering its context. Raises CudaMissing."""
    driver = driver if driver is not None else load_driver()
    try:
        return describe(driver.Device(0))
    except driver.Error as error:
        raise CudaMissing(f"the GPU does not say what it is: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
