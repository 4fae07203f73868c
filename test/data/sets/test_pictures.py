import numpy as np
import pytest
from set_fixtures import write_picture, write_video

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.pictures import PictureFiles, VideoSpan, pictures_in, read_picture


def numbers(pictures):
    return [round(float(picture.image_rgb.mean()) / 4) for picture in pictures]


def test_of_a_video_the_frames_nearest_to_each_tenth_of_a_second_are_read(tmp_path):
    video = write_video(tmp_path / "v.avi", frames=30, fps=30)
    pictures = list(VideoSpan(video).images())
    assert [picture.index for picture in pictures] == list(range(0, 30, 3)) == numbers(pictures)
    assert np.allclose([picture.stamp_s for picture in pictures], np.arange(10) / 10, atol=2e-3)


def test_a_slow_video_is_read_whole(tmp_path):
    video = write_video(tmp_path / "v.avi", frames=8, fps=8)
    assert [picture.index for picture in VideoSpan(video).images()] == list(range(8))


def test_a_part_of_a_video_counts_from_its_start(tmp_path):
    video = write_video(tmp_path / "v.avi", frames=60, fps=20)
    pictures = list(VideoSpan(video, start_s=1.5, end_s=2.0).images())
    assert numbers(pictures) == [30, 32, 34, 36, 38]
    assert pictures[0].stamp_s == pytest.approx(0, abs=1e-3) and pictures[-1].stamp_s == pytest.approx(0.4, abs=2e-3)


def test_a_part_beyond_the_end_is_broken(tmp_path):
    video = write_video(tmp_path / "v.avi", frames=10)
    with pytest.raises(BrokenFileError, match=r"v\.avi: expected pictures after 7 s, found"):
        list(VideoSpan(video, start_s=7).images())


def test_what_is_no_video_says_so(tmp_path):
    (tmp_path / "v.mp4").write_bytes(b"not a video")
    with pytest.raises(BrokenFileError, match=r"v\.mp4: expected a video that OpenCV reads, found 11 bytes"):
        list(VideoSpan(tmp_path / "v.mp4").images())
    with pytest.raises(BrokenFileError, match="expected a video, found no file"):
        list(VideoSpan(tmp_path / "absent.mp4").images())


def test_pictures_come_in_the_order_of_their_names_and_hidden_files_are_none(tmp_path):
    for name in ("b.png", "a.png", "._a.png"):
        write_picture(tmp_path / name)
    (tmp_path / ".DS_Store").write_bytes(b"")
    assert [path.name for path in pictures_in(tmp_path)] == ["a.png", "b.png"]


def test_numbers_in_the_names_of_pictures_are_counted_not_spelled(tmp_path):
    names = ["2 b.png", "7.png", "frame2.png", "frame10.png", "frame010b.png"]
    for name in reversed(names):
        write_picture(tmp_path / name)
    assert [path.name for path in pictures_in(tmp_path)] == names


def test_files_that_come_too_fast_are_thinned_to_the_nearest(tmp_path):
    paths = tuple(write_picture(tmp_path / f"{number:02}.png", number) for number in range(19))
    source = PictureFiles(paths, tuple(number / 20 + 0.012 for number in range(19)), every_s=0.1)
    assert [picture.index for picture in source.images()] == list(range(0, 19, 2))


def test_a_picture_whose_damaged_header_tells_of_millions_of_pixels_is_none(tmp_path):
    path = write_picture(tmp_path / "p.bmp", size=8)
    content = bytearray(path.read_bytes())
    content[18:26] = np.array([2_000_000, 2_000_000], "<i4").tobytes()  # width and height
    path.write_bytes(content)
    with pytest.raises(BrokenFileError, match=r"p\.bmp: expected a picture, found \d+ bytes that are none"):
        read_picture(path)


def test_a_picture_that_is_none_says_so(tmp_path):
    (tmp_path / "p.png").write_bytes(b"GIF89")
    with pytest.raises(BrokenFileError, match=r"p\.png: expected a picture, found 5 bytes"):
        read_picture(tmp_path / "p.png")
