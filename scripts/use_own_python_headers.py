"""Point the ROS wheels' exported CMake files at this machine's Python and NumPy headers.

The wheels name the headers of the machine that they were built on (/opt/python/...). Run with the environment's own
interpreter after installing; running it again changes nothing.
"""

import re
import sys
import sysconfig
from pathlib import Path

import numpy

FOREIGN_NUMPY = re.compile(r"/opt/python/cp\d+-cp\d+/lib/python[\d.]+/site-packages/numpy/(?:_core|core)/include")
FOREIGN_PYTHON = re.compile(r"/opt/python/cp\d+-cp\d+/include/python[\d.]+")


def mend(path: Path, python_headers: str, numpy_headers: str) -> bool:
    """Replace both paths in one file; True when the file changed."""
    found = path.read_text(encoding="utf-8")
    mended = FOREIGN_PYTHON.sub(python_headers, FOREIGN_NUMPY.sub(numpy_headers, found))
    if mended != found:
        path.write_text(mended, encoding="utf-8")
    return mended != found


def main() -> int:
    python_headers = sysconfig.get_paths()["include"]
    if not (Path(python_headers) / "Python.h").is_file():
        print(f"Python's headers are missing: no Python.h in {python_headers}. On Debian: apt install python3-dev")
        return 1
    files = list((Path(sys.prefix) / "share").rglob("*.cmake"))
    changed = sum(mend(path, python_headers, numpy.get_include()) for path in files)
    print(f"ROS CMake files: {changed} of {len(files)} pointed at this Python's headers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
