"""Arrays on the disk that are filled in order, item by item: memory-mapped; a kill loses the last seconds only."""

import json
import mmap
import os
import time
import weakref
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple, Union

import numpy as np
from tqdm import tqdm

from stf2m_ros.whole_files import reserve, room_for, write_whole

FORM_VERSION = 2
_KEEP_EVERY_S = 20.0
_MAPPED_BYTES = 128 << 20
"""So much of a mapped file may stay in this process's memory before it is given back to the system's cache."""

Shapes = Mapping[str, Tuple[Tuple[int, ...], type]]
"""Name of each array: its shape and type."""


class RowFiles:
    """Arrays <name>.npy in a folder, and <index>.json: what they were made from, and how many items stand in them."""

    def __init__(self, folder: Path, index: str, made_from: Mapping[str, Any]) -> None:
        """made_from: plain values. What stands there of something else, or in an older form, counts as nothing."""
        self.folder, self.path = Path(folder), Path(folder) / f"{index}.json"
        self.made_from = json.loads(json.dumps(dict(made_from)))
        self.done, self.items = self._standing()
        self._arrays: Dict[str, np.ndarray] = {}

    @property
    def complete(self) -> bool:
        return 0 < self.items == self.done

    def begin(self, items: int, shapes: Shapes) -> Dict[str, np.ndarray]:
        """The arrays, writable: those that stand, or new ones where nothing does. Raises OSError on a full disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.items != items:
            self.path.unlink(missing_ok=True)
            self.done, self.items = 0, items
        mode = "r+" if self.done else "w+"
        for name, (shape, kind) in shapes.items():
            new = {} if self.done else {"dtype": kind, "shape": shape}
            size = int(np.prod(shape)) * np.dtype(kind).itemsize
            with room_for(self.folder / f"{name}.npy", size) as path:
                self._arrays[name] = np.lib.format.open_memmap(path, mode, **new)
                reserve(path)
        return self._arrays

    def to_do(self, label: str) -> Iterator[int]:
        """The items that are still to be filled in; each counts as done when the next one is asked for.

        Whatever ends the work, what was done is kept.
        """
        kept_at, held_bytes = time.monotonic(), 0
        item_bytes = sum(array.nbytes for array in self._arrays.values()) // max(1, self.items)
        bar = tqdm(range(self.done, self.items), label, initial=self.done, total=self.items, mininterval=1.0)
        try:
            for item in bar:
                yield item
                self.done, held_bytes = item + 1, held_bytes + item_bytes
                if held_bytes > _MAPPED_BYTES:
                    self._give_back()
                    held_bytes = 0
                if time.monotonic() - kept_at > _KEEP_EVERY_S:
                    self._keep()
                    kept_at = time.monotonic()
        finally:
            self._keep()

    def _keep(self) -> None:
        """Rows first, then the count of them: a kill between the two loses work, never truth."""
        for array in self._arrays.values():
            array.flush()
        self._give_back()
        told = {"version": FORM_VERSION, "made": self.made_from, "items": self.items, "done": self.done}
        write_whole(self.path, json.dumps(told))

    def _give_back(self) -> None:
        for array in self._arrays.values():
            _give_back(array)

    def _standing(self) -> Tuple[int, int]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0, 0
        same = found.get("version") == FORM_VERSION and found.get("made") == self.made_from
        return (int(found["done"]), int(found["items"])) if same else (0, 0)


class StoredRows:
    """The rows of a .npy file, read as they are asked for: however large the file, memory holds what was asked for.

    Read, not mapped: faces at random keep gigabytes of a mapped file in the process, a whole readahead for each.
    """

    def __init__(self, path: Path) -> None:
        rows = np.load(path, mmap_mode="r")
        self.shape, self.dtype, self._offset = rows.shape, rows.dtype, rows.offset
        self._row_bytes = self.dtype.itemsize * int(np.prod(self.shape[1:]))
        self._path, self._file = path, os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: Union[int, slice, np.ndarray]) -> np.ndarray:
        places = np.arange(len(self))[which]
        found = np.empty((places.size, *self.shape[1:]), self.dtype)
        runs = np.split(places.ravel(), np.flatnonzero(np.diff(places.ravel()) != 1) + 1)
        at = 0
        for run in (run for run in runs if len(run)):
            self._read(int(run[0]), found[at : at + len(run)])
            at += len(run)
        return found.reshape(*places.shape, *self.shape[1:])

    def __array__(self, dtype: Optional[np.dtype] = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def _read(self, row: int, into: np.ndarray) -> None:
        """Consecutive rows, into an array of them."""
        view, at = memoryview(into.reshape(-1).view(np.uint8)), self._offset + row * self._row_bytes
        while len(view):
            count = os.preadv(self._file, [view], at)
            if not count:
                raise OSError(f"{self._path}: expected {len(view)} more bytes, the file ends")
            view, at = view[count:], at + count


def _give_back(mapped: np.ndarray) -> None:
    """Pages of a file stay in the system's cache, where they are nobody's; written ones are kept there, too."""
    if hasattr(mmap, "MADV_DONTNEED") and isinstance(mapped.base, mmap.mmap):
        mapped.base.madvise(mmap.MADV_DONTNEED)
