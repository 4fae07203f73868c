"""Ctrl-C while a command still loads its libraries, of which some swallow it or answer with errors of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

ROOT = Path(__file__).parents[2]
INTERRUPTED = """
import os, signal
os.kill(os.getpid(), signal.SIGINT)
raise ImportError("initialization failed")
"""
COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests in the background ignores it
from stf2m_ros.cli.{command} import main
sys.exit(main({arguments!r}))
"""


@pytest.mark.parametrize(
    ("command", "arguments", "library", "said"),
    [
        ("train", ["--config", "none.yaml"], "torch", "train: stopped; the same command goes on from here\n"),
        ("evaluate", ["few_shot"], "torch", "evaluate: stopped; the same command goes on from here\n"),
        ("label", ["manifest", __file__], "matplotlib", "label: stopped; nothing was written\n"),
    ],
)
def test_a_command_that_is_stopped_while_it_loads_says_so(
    tmp_path: Path, command: str, arguments: List[str], library: str, said: str
) -> None:
    (tmp_path / library).mkdir()
    (tmp_path / library / "__init__.py").write_text(INTERRUPTED)
    path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND.format(command=command, arguments=arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", said)
