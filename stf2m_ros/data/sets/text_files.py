"""Text files of numbers and tables, read with the line of whatever is wrong with them."""

import csv
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut


class Row(NamedTuple):
    """One row of a table, and the line of the file on which it ends."""

    line: int
    fields: Dict[str, str]


def read_lines(path: Path) -> List[str]:
    """The lines of a UTF-8 file, a byte order mark or not. Raises BrokenFileError."""
    try:
        # Not splitlines: it also parts at signs that may stand within a text, such as U+2028 in a line of JSON.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
        return lines if lines[-1] else lines[:-1]
    except FileNotFoundError as error:
        raise BrokenFileError(path, "a text file", "no file") from error
    except UnicodeDecodeError as error:
        before = path.read_bytes()[: error.start].count(b"\n")
        raise BrokenFileError(path, "text in UTF-8", f"byte {error.object[error.start]:#x}", before + 1) from error


def read_table(
    path: Path, needed: Sequence[str], known: Sequence[str] = (), left_out: Optional[LeftOut] = None
) -> Iterator[Row]:
    """The rows of a comma-separated table with a header line. Raises BrokenFileError, naming the line.

    known: the only columns that there may be; none given: any. left_out: says whether rows of too few or too many
    values may be skipped; not given: none may.
    """
    left_out = left_out or LeftOut()
    if not path.is_file():
        raise BrokenFileError(path, "a table", "no file")
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header, needed, known)
            for values in reader:
                if any(value.strip() for value in values):  # spreadsheets write commas for rows that are empty
                    row = left_out.attempt(_row, path, header, values, reader.line_num)
                    if row is not None:
                        yield row
        except UnicodeDecodeError as error:
            found = f"byte {error.object[error.start]:#x}"
            raise BrokenFileError(path, "text in UTF-8", found, reader.line_num + 1) from error
        except csv.Error as error:
            raise BrokenFileError(path, "comma-separated values", error, reader.line_num) from error


def _check_header(path: Path, header: List[str], needed: Sequence[str], known: Sequence[str]) -> None:
    missing = [name for name in needed if name not in header]
    if missing and len(header) == 1 and ";" in header[0]:
        raise BrokenFileError(path, "commas between the columns", header[0], 1)
    if missing:
        raise BrokenFileError(path, f"a column {missing[0]}", ", ".join(header), 1)
    unknown = [name for name in header if name not in known]
    if known and unknown:
        raise BrokenFileError(path, f"columns of {', '.join(known)}", unknown[0] or "one without a name", 1)
    twice = [name for place, name in enumerate(header) if name in header[:place]]
    if known and twice:
        raise BrokenFileError(path, "each column once", f"{twice[0]} twice", 1)


def _row(path: Path, header: List[str], values: List[str], line: int) -> Row:
    if len(values) != len(header):
        raise BrokenFileError(path, f"{len(header)} values", f"{len(values)}: {','.join(values)}", line)
    return Row(line, dict(zip(header, values)))


def read_numbers(path: Path, columns: int, delimiter: str = "") -> np.ndarray:
    """(rows, columns) float32 from a file with nothing but numbers; empty lines do not count.

    delimiter: white space if empty. Raises BrokenFileError with the first line that holds anything else.
    """
    try:
        # Fast; what it cannot read is read again, slowly, for the sake of a message that names the line.
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
        if not text.strip():
            raise BrokenFileError(path, f"rows of {columns} numbers", "none")
        numbers = np.loadtxt(text.splitlines(), np.float32, comments=None, delimiter=delimiter or None, ndmin=2)
    except FileNotFoundError as error:
        raise BrokenFileError(path, f"rows of {columns} numbers", "no file") from error
    except BrokenFileError:
        raise
    except ValueError:
        numbers = None
    if numbers is not None and numbers.shape[1] == columns and np.isfinite(numbers).all():
        return numbers
    return _numbers_line_by_line(path, columns, delimiter)


def _numbers_line_by_line(path: Path, columns: int, delimiter: str) -> np.ndarray:
    split: Callable[[str], List[str]] = (lambda line: line.split(delimiter)) if delimiter else str.split
    rows: List[Tuple[float, ...]] = []
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            rows.append(numbers_of(path, split(line), columns, number))
    return np.array(rows, np.float32)


def numbers_of(path: Path, words: Sequence[str], count: int, line: int) -> Tuple[float, ...]:
    """So many finite numbers. Raises BrokenFileError."""
    expected = "a number" if count == 1 else f"{count} numbers"
    try:
        numbers = tuple(float(word) for word in words)
    except ValueError as error:
        raise BrokenFileError(path, expected, " ".join(words), line) from error
    if len(numbers) != count or not np.isfinite(numbers).all():
        found = " ".join(words) if len(numbers) == count else f"{len(numbers)}: {' '.join(words)}"
        raise BrokenFileError(path, expected, found, line)
    return numbers
