"""Starting and stopping the installed ROS executables that the demo shows."""

import signal
import subprocess
from pathlib import Path
from typing import Optional, Sequence

from ament_index_python.packages import get_package_prefix

STOP_S = 5.0
TAIL_LINES = 8


def executable(name: str) -> Path:
    """Where colcon installed it. Raises FileNotFoundError."""
    path = Path(get_package_prefix("stf2m_ros")) / "lib" / "stf2m_ros" / name
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected the executable that colcon installs, found none; run `make build`")
    return path


class Process:
    """One executable in a session of its own: Ctrl-C reaches the demo alone, which ends the others in order."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name, self._log = name, log
        command = [str(executable(name)), *arguments]
        # A full disk shows here, by the error of the demo itself: the process could not even say why it ends.
        log.write_text(" ".join(command) + "\n", encoding="utf-8")
        with log.open("ab") as file:
            self._process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    @property
    def failed(self) -> bool:
        return not self.runs and self._process.returncode != 0

    def lines(self) -> Sequence[str]:
        """What it said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()

    def number_after(self, words: str) -> Optional[float]:
        """The number that it said after these words; None while it has not."""
        said = (line.partition(words)[2] for line in self.lines() if words in line)
        return next((float(rest) for rest in said if rest.strip()), None)

    def failure(self, what: str) -> RuntimeError:
        """What went wrong, with the last it said."""
        last = "\n  ".join(self.lines()[1:][-TAIL_LINES:]) or "(it said nothing)"
        return RuntimeError(f"{self.name} {what}. Its last words, from {self._log}:\n  {last}")

    def stop(self) -> None:
        """Ask it to end as Ctrl-C does; kill it when it does not."""
        if self.runs:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
