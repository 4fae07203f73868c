"""Builds pycuda and installs it, or leaves its wheels in a folder: `python scripts/build_pycuda.py [--wheels FOLDER]`.

Its own build stumbles over ordinary machines: nvcc that is only a link or off the PATH hides CUDA's headers; cuRAND,
which we do not use, may not be there; without a driver there is no libcuda to link with, as where wheels are prepared.
So CUDA's folder is looked for, cuRAND is left out, and an empty library stands for the driver's until pycuda runs.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List, Optional

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements" / "gpu.txt"
_PLACES = ("/usr/local/cuda",)


def cuda_folder(places: "tuple[str, ...]" = _PLACES) -> Optional[Path]:
    """The folder that holds CUDA's compiler and headers; none where there is no such."""
    named = [os.environ[name] for name in ("CUDA_ROOT", "CUDA_HOME") if os.environ.get(name)]
    compiler = shutil.which("nvcc")
    beside = [str(Path(compiler).resolve().parents[1])] if compiler else []
    found = (Path(each) for each in [*named, *beside, *places])
    return next((each for each in found if (each / "include" / "cuda.h").is_file()), None)


def prepare(home: Path, cuda: Path) -> None:
    """Writes what pycuda's build reads from the user's home, and the library that it links with."""
    stub = home / "libcuda.so"
    empty = ["-shared", "-Wl,-soname,libcuda.so.1", "-x", "c", os.devnull, "-o", str(stub)]
    subprocess.run([os.environ.get("CC", "gcc"), *empty], check=True)
    settings = {
        "CUDA_ROOT": str(cuda),
        "CUDA_INC_DIR": [str(cuda / "include")],
        "CUDADRV_LIB_DIR": [str(home)],
        "CUDA_ENABLE_CURAND": False,
    }
    lines = [f"{name} = {value!r}\n" for name, value in settings.items()]
    (home / ".aksetup-defaults.py").write_text("".join(lines), encoding="utf-8")


def main(argv: Optional[List[str]] = None) -> int:
    """pip's exit code; 1 where there is no CUDA to build with."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", type=Path, help="folder for wheels; nothing is installed then")
    options = parser.parse_args(argv)
    cuda = cuda_folder()
    if cuda is None:
        print("no include/cuda.h beside nvcc or in /usr/local/cuda; set CUDA_ROOT", file=sys.stderr)
        return 1
    what = ["wheel", "-w", str(options.wheels)] if options.wheels else ["install"]
    with tempfile.TemporaryDirectory(prefix="pycuda_") as home:
        prepare(Path(home), cuda)
        command = [sys.executable, "-m", "pip", *what, "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
        return subprocess.run(command, env={**os.environ, "HOME": home}).returncode


if __name__ == "__main__":
    sys.exit(main())
