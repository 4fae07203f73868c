"""Images read where they lie in what the middleware sent, against the middleware's own reader."""

import struct

import cv2
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from ros_rig import image_message
from sensor_msgs.msg import CompressedImage, Image

from stf2m_ros.node.image_bytes import header_of, rgb_of_compressed_bytes, rgb_of_image_bytes
from stf2m_ros.node.image_messages import ImageUnreadable

pytestmark = pytest.mark.usefixtures("ros")  # which loads what serialises
PIXELS = np.random.RandomState(0).randint(0, 255, (5, 7, 3)).astype(np.uint8)


def serialised(encoding: str = "rgb8", frame_id: str = "camera") -> bytes:
    message = image_message(PIXELS, encoding)
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = 1795202538, 750_000_001
    return serialize_message(message)


def big_endian() -> bytes:
    """The image as a machine of the other byte order sends it."""
    head = b"\x00\x00\x00\x00" + struct.pack(">iII", 5, 9, 3) + b"ab\0" + b"\0"
    body = struct.pack(">III", PIXELS.shape[0], PIXELS.shape[1], 5) + b"rgb8\0" + b"\x01" + b"\0\0"
    return head + body + struct.pack(">II", 3 * PIXELS.shape[1], PIXELS.size) + PIXELS.tobytes()


@pytest.mark.parametrize("frame_id", ["", "a", "ab", "abc", "abcd", "kamera-ä"])
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8"])
def test_an_image_is_read_whatever_the_lengths_of_its_texts(frame_id: str, encoding: str) -> None:
    data = serialised(encoding, frame_id)
    header = header_of(data, Image)
    assert (header.stamp.sec, header.stamp.nanosec, header.frame_id) == (1795202538, 750_000_001, frame_id)
    assert (rgb_of_image_bytes(data) == (PIXELS if encoding == "rgb8" else PIXELS[:, :, ::-1])).all()


def test_an_image_of_the_other_byte_order_is_read_too() -> None:
    data = big_endian()
    header = header_of(data, Image)
    assert (header.stamp.sec, header.stamp.nanosec, header.frame_id) == (5, 9, "ab")
    assert (rgb_of_image_bytes(data) == PIXELS).all()


def test_a_compressed_image_is_read() -> None:
    png = cv2.imencode(".png", PIXELS[:, :, ::-1])[1].tobytes()
    message = CompressedImage(format="rgb8; png compressed bgr8", data=png)
    message.header.frame_id = "camera"
    data = serialize_message(message)
    assert header_of(data, CompressedImage).frame_id == "camera"
    assert (rgb_of_compressed_bytes(data) == PIXELS).all()


def test_the_pixels_of_an_rgb_image_are_not_copied() -> None:
    data = serialised()
    assert not rgb_of_image_bytes(data).flags.owndata
    assert np.shares_memory(rgb_of_image_bytes(data), np.frombuffer(data, np.uint8))


@pytest.mark.parametrize("length", [0, 3, 6, 20, 60])
def test_bytes_that_end_too_soon_are_said(length: int) -> None:
    with pytest.raises(ImageUnreadable, match=f"expected Image in {length} bytes, found"):
        rgb_of_image_bytes(serialised()[:length])


def test_an_image_that_announces_more_than_it_holds_is_said() -> None:
    with pytest.raises(ImageUnreadable, match="105 bytes announced, 100 there"):
        rgb_of_image_bytes(serialised()[:-5])


def test_bytes_of_another_form_are_left_to_the_middleware() -> None:
    """Which reads them, or says why it does not; here a form that nobody has."""
    with pytest.raises(ImageUnreadable, match="expected Image in"):
        header_of(b"\x77\x77" + serialised()[2:], Image)
