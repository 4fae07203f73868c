import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.fingerprint import content_checksum, fingerprint


@dataclass(frozen=True)
class Made:
    label: LabelInterval
    scores: np.ndarray
    file: Path


def test_equal_parts_give_equal_digits_and_any_difference_shows(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("one")
    made = Made(LabelInterval(1, 0.0, 1.0), np.arange(3.0), file)
    same = Made(LabelInterval(1, 0.0, 1.0), np.arange(3.0), Path(str(file)))
    assert fingerprint(made) == fingerprint(same)
    others = [
        replace(made, label=LabelInterval(1, 0.0, 1.5)),
        replace(made, scores=np.array([0, 1, 2.5])),
        replace(made, file=tmp_path / "b.txt"),
    ]
    assert len({fingerprint(each) for each in (made, *others)}) == 4


def test_a_file_that_was_changed_shows(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("one")
    before = fingerprint(file)
    file.write_text("two")
    os.utime(file, (1, 1))
    assert fingerprint(file) != before


def test_neighbouring_values_do_not_run_together():
    assert fingerprint(("ab", "c")) != fingerprint(("a", "bc"))
    assert fingerprint((1, (2,))) != fingerprint(((1, 2),))


def test_what_cannot_be_told_apart_is_refused():
    with pytest.raises(TypeError, match="expected plain data"):
        fingerprint(object())


def test_a_checksum_of_contents_knows_no_folder_and_no_time(tmp_path):
    first, moved = tmp_path / "a" / "film.avi", tmp_path / "b" / "film.avi"
    for path in (first, moved):
        path.parent.mkdir()
        path.write_bytes(b"frames")
    os.utime(moved, (1, 1))
    assert content_checksum([first]) == content_checksum([moved])
    moved.write_bytes(b"others")
    assert content_checksum([first]) != content_checksum([moved])
    assert len(content_checksum([first])) == 64
