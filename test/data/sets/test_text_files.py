import numpy as np
import pytest

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.text_files import read_numbers, read_table


def test_numbers_are_read_with_blank_lines_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "n.txt"
    path.write_text("\ufeff1 2\n\n3 4.5\n", encoding="utf-8")
    assert read_numbers(path, 2).tolist() == [[1, 2], [3, 4.5]]


@pytest.mark.parametrize("bad", ["1 2\n3 x\n", "1 2\n3\n", "1 2\n3 nan\n", "1 2\n3 4 5\n"])
def test_the_line_that_is_no_row_of_numbers_is_named(tmp_path, bad):
    path = tmp_path / "n.txt"
    path.write_text(bad)
    with pytest.raises(BrokenFileError, match=r"n\.txt, line 2: expected 2 numbers, found"):
        read_numbers(path, 2)


def test_an_empty_file_and_a_missing_one_are_broken(tmp_path):
    (tmp_path / "n.txt").write_text("\n")
    with pytest.raises(BrokenFileError, match="expected rows of 2 numbers, found none"):
        read_numbers(tmp_path / "n.txt", 2)
    with pytest.raises(BrokenFileError, match="found no file"):
        read_numbers(tmp_path / "absent.txt", 2)


def test_commas_part_numbers_where_they_should(tmp_path):
    path = tmp_path / "n.txt"
    path.write_text("1,0\n2,5\n")
    assert (read_numbers(path, 2, ",") == np.array([[1, 0], [2, 5]])).all()


def test_a_table_tells_the_line_of_a_row_that_is_too_short(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,b\n"x\ny",2\n3\n')
    rows = read_table(path, ("a",))
    assert next(rows).fields == {"a": "x\ny", "b": "2"}
    with pytest.raises(BrokenFileError, match=r"t\.csv, line 4: expected 2 values, found 1: 3"):
        next(rows)


def test_rows_that_a_spreadsheet_left_empty_are_none(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\r\n1,2\r\n,\r\n \r\n3,\r\n,\r\n")
    assert [row.fields["a"] for row in read_table(path, ("a",))] == ["1", "3"]


def test_a_table_without_a_needed_column_or_in_another_encoding_is_broken(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BrokenFileError, match="line 1: expected a column c, found a, b"):
        list(read_table(path, ("c",)))
    path.write_bytes(b"a\n\x92\n")
    with pytest.raises(BrokenFileError, match="expected text in UTF-8, found byte 0x92"):
        list(read_table(path, ("a",)))
