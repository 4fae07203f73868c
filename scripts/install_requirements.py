"""Install pinned requirements with pip, in one line of progress: what is being fetched, and for how long."""

import re
import subprocess
import sys
import time
from typing import List

FETCHING = re.compile(r"^Collecting (\S+)")
INSTALLING = re.compile(r"^Installing collected packages: (.*)")
TAIL_LINES = 15


def pip_command(files: List[str]) -> List[str]:
    """The pip call for these requirement files."""
    options = ["--disable-pip-version-check", "--progress-bar", "off"]
    return [sys.executable, "-m", "pip", "install", *options, *(part for name in files for part in ("-r", name))]


def headline(pip_line: str, fetched: int) -> str:
    """What to tell of one line of pip's output; empty when it says nothing new."""
    fetching = FETCHING.match(pip_line)
    if fetching:
        return f"fetching {fetched + 1}: {fetching.group(1)}"
    installing = INSTALLING.match(pip_line)
    return f"installing {len(installing.group(1).split(','))} packages" if installing else ""


def show(text: str, started_s: float) -> None:
    """Overwrite the progress line on a terminal; print now and then elsewhere."""
    line = f"  {text} ({time.monotonic() - started_s:.0f} s)"
    if sys.stdout.isatty():
        print(f"\r\033[K{line[:110]}", end="", flush=True)
    elif text.startswith("installing") or re.search(r"[05]0?: ", text):
        print(line, flush=True)


def main(files: List[str]) -> int:
    started_s, fetched, lines = time.monotonic(), 0, []
    with subprocess.Popen(pip_command(files), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout:
            lines.append(line.rstrip())
            text = headline(line, fetched)
            fetched += text.startswith("fetching")
            if text:
                show(text, started_s)
    if pip.returncode:
        print("\n  " + "\n  ".join(lines[-TAIL_LINES:]), file=sys.stderr)
        print(
            "pip could not install the requirements: see above. Is there a way to the package index?", file=sys.stderr
        )
    elif sys.stdout.isatty() and fetched:
        print()
    return pip.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
