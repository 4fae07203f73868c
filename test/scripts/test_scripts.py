"""The scripts that set an environment up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PREFIX = "/opt/python/cp311-cp311"
HEADERS = f"{PREFIX}/include/python3.11;{PREFIX}/lib/python3.11/site-packages/numpy/_core/include"
FOREIGN = f'  INTERFACE_INCLUDE_DIRECTORIES "{HEADERS}"\n'


def run_python(code):
    """What this code prints, with the scripts on the path."""
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_foreign_headers_are_replaced_once_and_then_left_alone(tmp_path):
    file = tmp_path / "export.cmake"
    file.write_text(FOREIGN, encoding="utf-8")
    code = (
        "from pathlib import Path; from use_own_python_headers import mend; "
        f"print([mend(Path({str(file)!r}), '/python/headers', '/numpy/headers') for _ in range(2)])"
    )
    assert run_python(code) == "[True, False]"
    assert file.read_text(encoding="utf-8").strip().endswith('"/python/headers;/numpy/headers"')


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Collecting numpy==1.26.4 (from -r runtime.txt (line 3))", "fetching 5: numpy==1.26.4"),
        ("Installing collected packages: a, b, c", "installing 3 packages"),
        ("Requirement already satisfied: numpy==1.26.4", ""),
    ],
)
def test_of_all_that_pip_says_only_progress_is_told(line, told):
    assert run_python(f"from install_requirements import headline; print(headline({line!r}, 4))") == told


def test_cuda_is_found_by_its_headers_and_not_by_a_compiler_alone(tmp_path):
    """nvcc may be a link in a folder of programs, without CUDA around it."""
    cuda, elsewhere = tmp_path / "cuda", tmp_path / "bin"
    (cuda / "include").mkdir(parents=True)
    (cuda / "include" / "cuda.h").touch()
    elsewhere.mkdir()
    (elsewhere / "nvcc").write_text("#!/bin/sh\n")
    (elsewhere / "nvcc").chmod(0o755)
    program = f"from build_pycuda import cuda_folder; print(cuda_folder(({str(tmp_path / 'none')!r}, {str(cuda)!r})))"
    environment = {
        **os.environ,
        "PATH": f"{elsewhere}{os.pathsep}{os.environ['PATH']}",
        "CUDA_ROOT": "",
        "CUDA_HOME": "",
    }
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, env=environment, capture_output=True, text=True
    )
    assert found.stdout.strip() == str(cuda)


def test_pycudas_build_gets_a_library_that_stands_for_the_drivers(tmp_path):
    run_python(
        f"from pathlib import Path; from build_pycuda import prepare; prepare(Path({str(tmp_path)!r}), Path('/c'))"
    )
    settings = {}
    exec((tmp_path / ".aksetup-defaults.py").read_text(encoding="utf-8"), settings)
    assert (settings["CUDA_INC_DIR"], settings["CUDADRV_LIB_DIR"]) == (["/c/include"], [str(tmp_path)])
    assert settings["CUDA_ENABLE_CURAND"] is False
    assert b"libcuda.so.1" in (tmp_path / "libcuda.so").read_bytes()
