"""Videos as images with times."""

from pathlib import Path

import numpy as np
import pytest
from ros_rig import write_video

from stf2m_ros.node.video_source import VideoFile, open_source

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "video"


def test_images_come_with_the_times_of_the_file(tmp_path):
    source = VideoFile(write_video(tmp_path / "clip.mp4", frames=7, fps=10.0))
    images = list(source.images())
    assert np.allclose([image.time_s for image in images], np.arange(7) / 10, atol=0.002)
    assert images[0].bgr.shape == (64, 64, 3)
    assert images[0].bgr.mean() < images[-1].bgr.mean()


def test_each_round_begins_at_the_beginning(tmp_path):
    source = VideoFile(write_video(tmp_path / "clip.mp4", frames=4))
    first, second = list(source.images()), list(source.images())
    assert [image.time_s for image in first] == [image.time_s for image in second]
    assert np.array_equal(first[0].bgr, second[0].bgr)


def test_a_video_tells_its_size_pace_and_length(tmp_path):
    source = VideoFile(write_video(tmp_path / "clip.mp4", frames=30, fps=15.0))
    assert source.duration_s == pytest.approx(2.0)
    assert source.description.endswith("64x64, 15 frames a second, 2.0 s")
    source.close()


def test_a_missing_file_says_so():
    with pytest.raises(FileNotFoundError, match="nowhere.mp4: expected a video file, found none"):
        open_source("nowhere.mp4", None)


@pytest.mark.parametrize("content", [b"", b"this is no video", bytes(2000)])
def test_a_file_that_is_no_video_says_so_in_one_line(tmp_path, content):
    path = tmp_path / "notes.mp4"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"expected a video that OpenCV reads, found {len(content)} bytes") as caught:
        VideoFile(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [63, 99_999_999_999, -(2**40)])
def test_a_camera_that_is_not_there_says_so(number):
    with pytest.raises(ValueError, match=f"^expected a camera of number {number}, found none that opens$"):
        open_source(None, number)


REAL = [("single_face.mp4", 72, 30), ("WolfgangLanger_Pexels.mp4", 472, 23.98)]


@pytest.mark.parametrize(("name", "frames", "fps"), REAL)
def test_real_videos_keep_their_pace(name, frames, fps):
    if not (SHARED / name).exists():
        pytest.skip(f"no real video at {SHARED / name}")
    times_s = np.array([image.time_s for image in VideoFile(SHARED / name).images()])
    assert len(times_s) == frames
    assert np.allclose(np.diff(times_s), 1 / fps, atol=0.002)
