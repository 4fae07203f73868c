"""Files that stand whole or not at all, and a full disk told with the file that it had no room for."""

import errno
import os
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Iterator, Union

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_whole(path: Union[str, Path], content: Union[bytes, memoryview, str]) -> None:
    """The file is the former one or this one at every moment, also when the power goes. Raises OSError in one line.

    content: text is written as UTF-8.
    """
    path, content = Path(path), content.encode("utf-8") if isinstance(content, str) else content
    # Containers that share a folder may share numbers of processes, too.
    part = path.with_name(f".{path.name}.{os.getpid()}.{token_hex(4)}.part")
    with room_for(path, len(content)):
        try:
            with open(part, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # else the new name may reach the disk before what is in it
            os.replace(part, path)
        except BaseException:
            if part.exists():
                part.unlink()
            raise


def reserve(path: Path) -> None:
    """Gives the file its room on the disk up to its end.

    A mapped file is else given room when it is written to, and a full disk then kills the process without a word.
    """
    with open(path, "r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


@contextmanager
def room_for(path: Path, size: int) -> Iterator[Path]:
    """An OSError while the file is written names it, the bytes that it wanted, and what was found."""
    try:
        yield path
    except OSError as error:
        raise OSError(f"{path}: expected room for {size / 1e6:.1f} MB, found: {error.strerror or error}") from error


@contextmanager
def room_in(folder: Path) -> Iterator[Path]:
    """Of a full disk, told by a library that writes without saying where, the error names the folder."""
    try:
        yield folder
    except OSError as error:
        if error.errno in _FULL and error.filename is None:
            raise OSError(error.errno, error.strerror, str(folder)) from error
        raise
