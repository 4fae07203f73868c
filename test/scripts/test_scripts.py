"""The scripts that set an environment up."""

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
