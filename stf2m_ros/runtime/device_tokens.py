"""The tokens of the window's slots in the GPU's memory: the frame encoder writes there, the window head reads there.

The head wants its 300 slots oldest first in one piece. A ring that is stored twice would give that for nothing, but a
window is no slice of the ring: a slot without an image of its own takes its neighbour's face, and a slot where nobody
is seen must be zero. So the window is gathered by copies within the GPU's memory, one for each stretch that lies
together: two where every slot was seen, 1.2 MB in all.
"""

from typing import Iterator, Optional, Tuple

import numpy as np

from stf2m_ros.runtime.cuda_buffers import CudaDevice, CudaError, DeviceFloats, PinnedPair
from stf2m_ros.runtime.tensorrt_engine import ADDRESS_BYTES

_ADDRESS_FLOATS = ADDRESS_BYTES // 4


class DeviceTokens:
    """A ring of rows, a gathered window, and a page-locked shadow of the ring. All memory is taken at the start.

    Everything is queued on the device's stream, so a window holds the rows that were queued before it.
    """

    def __init__(self, device: CudaDevice, shape: Tuple[int, int, int], slots: int) -> None:
        """shape: rows, regions, token_dim. slots: of a window. Raises CudaError."""
        self._device, self._shape = device, shape
        self._row = shape[1] * shape[2]  # numbers
        # TensorRT writes to certain addresses only; rows of other sizes lie further apart than they are long.
        self._stride = -(-self._row // _ADDRESS_FLOATS) * _ADDRESS_FLOATS
        self._ring: Optional[PinnedPair] = device.pinned_pair(shape[0] * self._stride)
        try:
            self._window: DeviceFloats = device.floats(slots * self._row)
        except CudaError:
            self._ring.free()
            raise

    @property
    def window_address(self) -> int:
        return self._window.address

    def row_address(self, row: int) -> int:
        return self._ring.address + 4 * row * self._stride

    def upload(self, rows: np.ndarray) -> None:
        """Queues all rows to the device, (rows, regions, token_dim)."""
        with self._device.guarded("the GPU failed"):
            host = self._ring.host.reshape(len(rows), self._stride)
            host[:, : self._row] = rows.reshape(len(rows), self._row)
            host[:, self._row :] = 0
            self._ring.to_device(host.size, self._device.stream)

    def download(self, row: int) -> None:
        """Queues one row to the shadow."""
        with self._device.guarded("the GPU failed"):
            self._ring.to_host(self._row, self._device.stream, start=row * self._stride)

    def shadow(self, row: int) -> np.ndarray:
        """A row as it was when the stream was waited for, (regions, token_dim); not to be kept."""
        start = row * self._stride
        return self._ring.host[start : start + self._row].reshape(self._shape[1:])

    def gather(self, rows: np.ndarray, held: np.ndarray) -> None:
        """Queues the window: (T,) its rows, oldest first, and where they are held; zeros elsewhere."""
        with self._device.guarded("the GPU failed"):
            for first, end in window_runs(rows, held, joined=self._stride == self._row):
                start, size = first * self._row, (end - first) * self._row
                if held[first]:
                    self._window.copy(start, self.row_address(int(rows[first])), size, self._device.stream)
                else:
                    self._window.clear(start, size, self._device.stream)

    def free(self) -> None:
        """What was queued must have been waited for. Raises what the driver raises."""
        try:
            self._window.free()
        finally:
            self._ring.free()


def window_runs(rows: np.ndarray, held: np.ndarray, joined: bool) -> Iterator[Tuple[int, int]]:
    """First slot and end of each stretch that is one copy, or one stretch of zeros; together they are the window.

    rows, held: (T,). joined: whether neighbouring rows of the ring touch each other.
    """
    both, neither = held[1:] & held[:-1], ~held[1:] & ~held[:-1]
    together = neither | (both & (np.diff(rows) == 1) & joined)
    edges = [0, *(np.flatnonzero(~together) + 1).tolist(), len(rows)]
    return zip(edges, edges[1:])
