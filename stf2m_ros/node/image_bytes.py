"""Images as they came over the middleware: of two in three a robot needs no more than the stamp.

A camera of 30 frames/s sends three images for each that is looked at. Made into a message, each is copied three times;
as bytes it is copied twice, its stamp is read in place, and so are the pixels of the one that is chosen.
Source: OMG CDR, as DDS has it: four bytes that tell the form, then numbers aligned to their size, counted from there.
"""

import struct
from typing import Any, Callable, NamedTuple

import numpy as np
from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image

from stf2m_ros.node.image_messages import ImageUnreadable, rgb_of_compressed, rgb_of_image

_FORM_BYTES = 4
_ORDERS = {b"\x00\x00": ">", b"\x00\x01": "<"}  # plain CDR; of all else the middleware's own reader is asked


class ImageHeader(NamedTuple):
    """What is known of an image before anybody looks at it."""

    stamp: Time
    frame_id: str


class RawImage(NamedTuple):
    """The fields of sensor_msgs/Image that are read; its pixels lie where they came in."""

    height: int
    width: int
    encoding: str
    step: int
    data: memoryview


class CompressedBytes(NamedTuple):
    """The fields of sensor_msgs/CompressedImage that are read."""

    format: str
    data: memoryview


def header_of(data: bytes, message_type: type) -> ImageHeader:
    """Stamp and frame of a serialised image of either type. Raises ImageUnreadable."""
    found = _understood(data, message_type, _header)
    return found if isinstance(found, ImageHeader) else ImageHeader(found.header.stamp, found.header.frame_id)


def rgb_of_image_bytes(data: bytes) -> np.ndarray:
    """RGB (H, W, 3) uint8 of a serialised sensor_msgs/Image, not to be written to. Raises ImageUnreadable."""
    return rgb_of_image(_understood(data, Image, _raw_image))


def rgb_of_compressed_bytes(data: bytes) -> np.ndarray:
    """RGB (H, W, 3) uint8 of a serialised sensor_msgs/CompressedImage. Raises ImageUnreadable."""
    return rgb_of_compressed(_understood(data, CompressedImage, _compressed))


class _Reader:
    """Goes through plain CDR from its beginning."""

    def __init__(self, data: bytes, order: str) -> None:
        self._data, self._order, self._at = data, order, _FORM_BYTES

    def number(self, kind: str = "I") -> int:
        """kind: as in struct, of 1 or 4 bytes."""
        size = struct.calcsize(kind)
        self._at += -(self._at - _FORM_BYTES) % size
        (value,) = struct.unpack_from(self._order + kind, self._data, self._at)
        self._at += size
        return value

    def bytes(self) -> memoryview:
        """A sequence of bytes after its length."""
        length = self.number()
        found = memoryview(self._data)[self._at : self._at + length]
        if len(found) != length:
            raise struct.error(f"{length} bytes announced, {len(found)} there")
        self._at += length
        return found

    def text(self) -> str:
        """Ends with a zero byte, which its length counts."""
        return bytes(self.bytes()[:-1]).decode("utf-8", "replace")


def _header(reader: _Reader) -> ImageHeader:
    stamp = Time(sec=reader.number("i"), nanosec=reader.number())
    return ImageHeader(stamp, reader.text())


def _raw_image(reader: _Reader) -> RawImage:
    _header(reader)
    height, width, encoding = reader.number(), reader.number(), reader.text()
    reader.number("B")  # is_bigendian
    return RawImage(height, width, encoding, reader.number(), reader.bytes())


def _compressed(reader: _Reader) -> CompressedBytes:
    _header(reader)
    return CompressedBytes(reader.text(), reader.bytes())


def _understood(data: bytes, message_type: type, read: Callable[[_Reader], tuple]) -> Any:
    """What `read` finds; where the bytes are of another form, the whole message, whose fields have the same names."""
    order = _ORDERS.get(bytes(data[:2]))
    try:
        return read(_Reader(data, order)) if order else deserialize_message(data, message_type)
    except Exception as error:  # the middleware's reader raises what it likes; a camera must not end the node
        found = " ".join(str(error).split()) or type(error).__name__
        raise ImageUnreadable(f"image: expected {message_type.__name__} in {len(data)} bytes, found {found}") from error
