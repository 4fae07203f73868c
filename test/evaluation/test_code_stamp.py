import shutil
from pathlib import Path

import pytest

import stf2m_ros
from stf2m_ros.evaluation.code_stamp import JUDGING, STUDYING, code_stamp


@pytest.fixture()
def package(tmp_path, monkeypatch):
    """A copy of two rooms, in place of the package."""
    for room in ("fuzzy", "stream"):
        shutil.copytree(Path(stf2m_ros.__file__).parent / room, tmp_path / room)
    monkeypatch.setattr(stf2m_ros, "__file__", str(tmp_path / "__init__.py"))
    code_stamp.cache_clear()
    yield tmp_path
    code_stamp.cache_clear()


def test_every_room_that_is_named_is_there():
    folder = Path(stf2m_ros.__file__).parent
    assert all((folder / part).exists() for part in (*JUDGING, *STUDYING))


def test_a_change_of_one_room_changes_the_stamps_that_name_it_and_no_other(package):
    before = {room: code_stamp(room) for room in ("fuzzy", "stream")}
    code_stamp.cache_clear()
    with open(package / "fuzzy/components.py", "a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert code_stamp("fuzzy") != before["fuzzy"]
    assert code_stamp("stream") == before["stream"]
