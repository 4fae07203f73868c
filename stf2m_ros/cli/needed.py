"""What a command needs beside the robot's own packages: said in one line before it begins, not in a traceback."""

import importlib.util
from typing import Sequence

TRAINING_REQUIREMENTS = "requirements/train.txt"


def missing_line(command: str, needed: Sequence[str]) -> str:
    """Which packages of these are not installed, and what installs them; empty where none is missing."""
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    return f"{command}: {', '.join(missing)} not found; pip install -r {TRAINING_REQUIREMENTS}" if missing else ""
