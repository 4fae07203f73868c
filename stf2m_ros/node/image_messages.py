"""Image messages to RGB arrays. A message that lies about itself gives one line that says expected and found."""

from typing import Dict, NamedTuple, Optional

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from stf2m_ros.node.image_limits import MAX_PIXELS


class ImageUnreadable(ValueError):  # noqa: N818
    """The message's pixels cannot be had. One line: expected and found."""


class _Encoding(NamedTuple):
    channels: int
    to_rgb: Optional[int]  # OpenCV's conversion code
    even: bool = False  # pixels come in pairs


# OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first two rows' first two.
_ENCODINGS: Dict[str, _Encoding] = {
    "rgb8": _Encoding(3, None),
    "bgr8": _Encoding(3, cv2.COLOR_BGR2RGB),
    "rgba8": _Encoding(4, cv2.COLOR_RGBA2RGB),
    "bgra8": _Encoding(4, cv2.COLOR_BGRA2RGB),
    "mono8": _Encoding(1, cv2.COLOR_GRAY2RGB),
    "uyvy": _Encoding(2, cv2.COLOR_YUV2RGB_UYVY, even=True),
    "yuv422": _Encoding(2, cv2.COLOR_YUV2RGB_UYVY, even=True),
    "yuyv": _Encoding(2, cv2.COLOR_YUV2RGB_YUY2, even=True),
    "yuv422_yuy2": _Encoding(2, cv2.COLOR_YUV2RGB_YUY2, even=True),
    "bayer_rggb8": _Encoding(1, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr8": _Encoding(1, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg8": _Encoding(1, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg8": _Encoding(1, cv2.COLOR_BayerGB2RGB),
}


def rgb_of_image(message: Image) -> np.ndarray:
    """RGB (H, W, 3) uint8 of a raw image. Raises ImageUnreadable."""
    _check_size(message.width, message.height)  # first: an empty message has no encoding either
    encoding = _encoding_of(message)
    pixels = _pixels(message, encoding.channels)
    if encoding.to_rgb is None:
        return pixels
    if encoding.even and message.width % 2:
        raise ImageUnreadable(f"image: expected an even width for {message.encoding}, found {message.width}")
    return _converted(pixels, encoding.to_rgb, message.encoding)


def rgb_of_compressed(message: CompressedImage) -> np.ndarray:
    """RGB (H, W, 3) uint8 of a compressed image. Raises ImageUnreadable."""
    data = np.frombuffer(message.data, np.uint8)
    what = f"{message.format[:40]!r}, {data.size} bytes"
    if not data.size:
        raise ImageUnreadable("image: expected a JPEG or PNG, found no data")
    try:
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageUnreadable(f"image: expected a JPEG or PNG, found {what} that OpenCV refuses") from error
    if bgr is None:
        raise ImageUnreadable(f"image: expected a JPEG or PNG, found {what} that is neither")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _encoding_of(message: Image) -> _Encoding:
    try:
        return _ENCODINGS[message.encoding.lower()]
    except KeyError:
        known = ", ".join(_ENCODINGS)
        raise ImageUnreadable(
            f"image: expected one of the encodings {known}, found {message.encoding[:40]!r}"
        ) from None


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ImageUnreadable(f"image: expected at least one pixel, found {width}x{height}")
    if width * height > MAX_PIXELS:
        raise ImageUnreadable(f"image: expected at most {MAX_PIXELS} pixels, found {width}x{height}")


def _pixels(message: Image, channels: int) -> np.ndarray:
    row_bytes = message.width * channels
    if message.step < row_bytes:
        size = f"{message.width} pixels of {message.encoding}"
        raise ImageUnreadable(f"image: expected a step of at least {row_bytes} for {size}, found {message.step}")
    expected = message.step * message.height
    data = np.frombuffer(message.data, np.uint8)
    if data.size < expected:
        raise ImageUnreadable(f"image: expected {expected} bytes (step times height), found {data.size}")
    rows = data[:expected].reshape(message.height, message.step)[:, :row_bytes]
    return rows.reshape(message.height, message.width, channels)


def _converted(pixels: np.ndarray, code: int, encoding: str) -> np.ndarray:
    flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    try:
        return cv2.cvtColor(np.ascontiguousarray(flat), code)
    except cv2.error as error:
        height, width = pixels.shape[:2]
        raise ImageUnreadable(f"image: expected {encoding} that OpenCV converts, found {width}x{height}") from error
