"""Raw and compressed images to RGB, and what a lying one says."""

import array
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from ros_rig import image_message
from sensor_msgs.msg import CompressedImage, Image

from stf2m_ros.node.image_messages import ImageUnreadable, rgb_of_compressed, rgb_of_image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def one_coloured(colour, height=8, width=12):
    return np.full((height, width, 3), colour, np.uint8)


def mosaic(pattern: str, colour, height=8, width=8) -> np.ndarray:
    """What a sensor with this Bayer pattern sees of one colour."""
    seen = dict(zip("rgb", colour))
    cells = np.array([seen[letter] for letter in pattern], np.uint8).reshape(2, 2)
    return np.tile(cells, (height // 2, width // 2))


@pytest.mark.parametrize(
    ("encoding", "pixel"),
    [
        ("rgb8", (10, 20, 30)),
        ("bgr8", (30, 20, 10)),
        ("rgba8", (10, 20, 30, 99)),
        ("bgra8", (30, 20, 10, 99)),
    ],
)
def test_channel_orders_become_rgb(encoding, pixel):
    message = image_message(np.full((4, 6, len(pixel)), pixel, np.uint8), encoding)
    assert (rgb_of_image(message) == np.array([10, 20, 30])).all()


def test_grey_becomes_three_equal_channels():
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8, 1)
    rgb = rgb_of_image(image_message(grey, "mono8"))
    assert rgb.shape == (6, 8, 3)
    assert (rgb == grey).all()


def test_a_raw_image_of_8k_is_read_like_any_other():
    assert rgb_of_image(image_message(np.full((4320, 7680, 1), 90, np.uint8), "mono8")).shape == (4320, 7680, 3)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
@pytest.mark.parametrize("colour", [RED, GREEN, BLUE])
def test_a_bayer_image_of_one_colour_has_that_colour(pattern, colour):
    message = image_message(mosaic(pattern, colour)[:, :, None], f"bayer_{pattern}8")
    assert (rgb_of_image(message)[2:-2, 2:-2] == np.array(colour)).all()


@pytest.mark.parametrize(("encoding", "luma_at"), [("yuv422", 1), ("uyvy", 1), ("yuv422_yuy2", 0), ("yuyv", 0)])
def test_both_orders_of_yuv422_are_read(encoding, luma_at):
    pairs = np.full((4, 6, 2), 128, np.uint8)  # 128: no colour
    pairs[:, :, luma_at] = 235  # white in the video range
    rgb = rgb_of_image(image_message(pairs, encoding))
    assert rgb.min() >= 253


def test_padding_at_the_end_of_rows_is_left_out():
    pixels = np.random.RandomState(0).randint(0, 256, (5, 7, 3), np.uint8)
    padded = np.full((5, 32), 77, np.uint8)
    padded[:, :21] = pixels.reshape(5, 21)
    message = image_message(pixels, "rgb8")
    message.step, message.data = 32, array.array("B", padded.tobytes())
    assert (rgb_of_image(message) == pixels).all()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"step": 10}, "expected a step of at least 36 for 12 pixels of rgb8, found 10"),
        ({"step": 4000}, "expected 32000 bytes (step times height), found 288"),
        ({"height": 9}, "expected 324 bytes (step times height), found 288"),
        ({"width": 0}, "expected at least one pixel, found 0x8"),
        ({"height": 0}, "expected at least one pixel, found 12x0"),
        ({"width": 4_000_000_000, "height": 4_000_000_000}, "expected at most 100000000 pixels"),
        ({"encoding": "rgb24"}, "found 'rgb24'"),
        ({"encoding": ""}, "found ''"),
        ({"encoding": "rgba8"}, "expected a step of at least 48"),
        ({"encoding": "16UC1"}, "found '16UC1'"),
        ({"data": array.array("B")}, "found 0"),
    ],
)
def test_an_image_that_lies_says_expected_and_found_in_one_line(change, expected):
    message = image_message(one_coloured(RED), "rgb8")
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(ImageUnreadable) as caught:
        rgb_of_image(message)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_message_is_unreadable_for_its_size_not_for_its_encoding():
    with pytest.raises(ImageUnreadable, match="expected at least one pixel, found 0x0"):
        rgb_of_image(Image())


def test_a_small_file_that_would_unfold_to_gigabytes_is_refused_before_memory_is_taken():
    probe = """
import sys
from stf2m_ros.node.image_limits import limit_opencv
limit_opencv()
import array, struct, zlib
from sensor_msgs.msg import CompressedImage
from stf2m_ros.node.image_messages import ImageUnreadable, rgb_of_compressed
def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 8, 0, 0, 0, 0))
png = b"\\x89PNG\\r\\n\\x1a\\n" + header + chunk(b"IDAT", zlib.compress(bytes(20001))) + chunk(b"IEND", b"")
try:
    rgb_of_compressed(CompressedImage(format="png", data=array.array("B", png)))
except ImageUnreadable as error:
    sys.exit("OpenCV refuses" not in str(error))
sys.exit(2)
"""
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


def test_yuv422_of_odd_width_is_unreadable():
    with pytest.raises(ImageUnreadable, match="even width"):
        rgb_of_image(image_message(np.zeros((2, 3, 2), np.uint8), "yuv422"))


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_compressed_images_become_rgb(suffix):
    written, data = cv2.imencode(suffix, one_coloured(RED)[:, :, ::-1])
    assert written
    message = CompressedImage(format=suffix[1:], data=array.array("B", data.tobytes()))
    assert np.abs(rgb_of_compressed(message).astype(int) - np.array(RED)).max() <= 3


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0" + bytes(20)])
def test_broken_compressed_images_are_unreadable(data):
    with pytest.raises(ImageUnreadable, match="expected a JPEG or PNG"):
        rgb_of_compressed(CompressedImage(format="jpeg", data=array.array("B", data)))


def test_a_real_frame_survives_the_way_through_a_message():
    video = Path(__file__).resolve().parents[3] / "shared" / "data" / "video" / "single_face.mp4"
    if not video.exists():
        pytest.skip(f"no real video at {video}")
    read, bgr = cv2.VideoCapture(str(video)).read()
    assert read
    assert (rgb_of_image(image_message(bgr, "bgr8")) == bgr[:, :, ::-1]).all()
