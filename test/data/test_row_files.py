import json
from pathlib import Path

import numpy as np
import pytest

from stf2m_ros.data.row_files import RowFiles, StoredRows

SHAPES = {"rows": ((5, 2), np.float32)}


def fill(folder, made_from, stop_before=5, value=1.0):
    files = RowFiles(folder, "index", made_from)
    arrays, asked = files.begin(5, SHAPES), []
    for item in files.to_do("fill"):
        if item == stop_before:
            raise KeyboardInterrupt
        asked.append(item)
        arrays["rows"][item] = value
    return asked


def test_a_job_that_was_stopped_goes_on_where_it_was(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, {"clips": "a"}, stop_before=3)
    assert not RowFiles(tmp_path, "index", {"clips": "a"}).complete
    assert fill(tmp_path, {"clips": "a"}, value=2.0) == [3, 4]
    assert RowFiles(tmp_path, "index", {"clips": "a"}).complete
    assert np.load(tmp_path / "rows.npy")[:, 0].tolist() == [1, 1, 1, 2, 2]


def test_rows_of_something_else_are_made_anew(tmp_path):
    fill(tmp_path, {"clips": "a"})
    assert fill(tmp_path, {"clips": "b"}) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("text", ['{"version": 1, "made": {"clips": "a"}, "items": 5, "done": 5}', '{"version"', ""])
def test_an_older_form_or_a_broken_index_counts_as_nothing(tmp_path, text):
    fill(tmp_path, {"clips": "a"})
    (tmp_path / "index.json").write_text(text)
    assert not RowFiles(tmp_path, "index", {"clips": "a"}).complete
    assert fill(tmp_path, {"clips": "a"}) == [0, 1, 2, 3, 4]


def test_the_index_tells_in_plain_words_what_stands(tmp_path):
    fill(tmp_path, {"clips": "a"})
    told = json.loads((tmp_path / "index.json").read_text())
    assert told == {"version": 2, "made": {"clips": "a"}, "items": 5, "done": 5}
    assert not list(tmp_path.glob(".*.part"))


def resident_kb():
    """What this process holds of files that it has mapped."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssFile"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells what a process holds")
def test_reading_a_large_file_over_and_over_holds_a_bounded_part_of_it(tmp_path):
    rows = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", np.uint8, (300, 1 << 20))  # sparse: no disk is filled
    rows[7, :3] = (1, 2, 3)
    del rows
    before, mapped = resident_kb(), StoredRows(tmp_path / "rows.npy")
    for start in range(0, 300, 4):
        assert mapped[start : start + 4].shape == (4, 1 << 20)
    assert resident_kb() - before < 200_000
    assert mapped[np.array([7])][0, :4].tolist() == [1, 2, 3, 0]
    assert (len(mapped), mapped.dtype) == (300, np.uint8)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells what a process holds")
def test_filling_a_large_file_holds_a_bounded_part_of_it(tmp_path):
    before, most_kb = resident_kb(), 0
    files = RowFiles(tmp_path, "index", {"clips": "a"})
    rows = files.begin(75, {"rows": ((75, 4 << 20), np.uint8)})["rows"]
    for item in files.to_do("fill"):
        rows[item] = 1
        most_kb = max(most_kb, resident_kb() - before)
    assert most_kb < 200_000
    assert rows[::9].min() == 1


@pytest.mark.parametrize("which", [3, -1, slice(2, 9), slice(None, None, 7), slice(0, 0), [5, 6, 7, 1, 19], [[1], [3]]])
def test_rows_are_read_as_an_array_would_give_them(tmp_path, which):
    rows = np.arange(20 * 6, dtype=np.float16).reshape(20, 2, 3)
    np.save(tmp_path / "rows.npy", rows)
    which = np.array(which) if isinstance(which, list) else which
    assert np.array_equal(StoredRows(tmp_path / "rows.npy")[which], rows[which])


def test_a_file_that_was_cut_short_is_told(tmp_path):
    np.save(tmp_path / "rows.npy", np.zeros((20, 8)))
    rows = StoredRows(tmp_path / "rows.npy")
    with open(tmp_path / "rows.npy", "r+b") as file:
        file.truncate(500)
    with pytest.raises(OSError, match="the file ends"):
        rows[5:15]
