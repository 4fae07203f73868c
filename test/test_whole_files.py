"""What is left on the disk, and what is said, when there is no room for a file."""

import resource
from contextlib import contextmanager

import numpy as np
import pytest

from stf2m_ros.data.row_files import RowFiles
from stf2m_ros.whole_files import room_in, write_whole

LIMIT_BYTES = 4096


@contextmanager
def small_disk():
    """No file may grow beyond LIMIT_BYTES, which fails as a full disk does. The log of the tests is a file, too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "a.bin"
    write_whole(path, b"former")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]


def test_without_room_the_former_file_stays_and_the_error_names_it(tmp_path):
    path = tmp_path / "a.bin"
    write_whole(path, b"former")
    with small_disk(), pytest.raises(OSError, match=r"a\.bin: expected room for 0.1 MB, found: File too large"):
        write_whole(path, bytes(100_000))
    assert path.read_bytes() == b"former"
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]


def test_a_write_that_fails_leaves_the_former_file_and_no_litter(tmp_path):
    path = tmp_path / "a.txt"
    write_whole(path, "former")
    with pytest.raises(TypeError):
        write_whole(path, [1, 2])
    assert path.read_text() == "former"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_rows_that_are_filled_later_have_their_room_from_the_start(tmp_path):
    files = RowFiles(tmp_path, "index", {})
    files.begin(5, {"rows": ((5, 100_000), np.uint8)})
    assert (tmp_path / "rows.npy").stat().st_blocks * 512 >= 500_000


def test_rows_without_room_are_told_before_any_of_them_is_filled(tmp_path):
    with small_disk(), pytest.raises(OSError, match=r"rows\.npy: expected room for 0.5 MB, found: File too large"):
        RowFiles(tmp_path, "index", {}).begin(5, {"rows": ((5, 100_000), np.uint8)})


def test_without_room_the_folder_is_named_where_the_writer_named_nothing(tmp_path):
    with small_disk(), pytest.raises(OSError, match=f"File too large: '{tmp_path}'"), room_in(tmp_path):
        (tmp_path / "a.bin").write_bytes(bytes(100_000))


def test_errors_that_say_where_stay_as_they_are(tmp_path):
    with pytest.raises(OSError, match="nowhere.bin"), room_in(tmp_path):
        (tmp_path / "nowhere.bin").read_bytes()
