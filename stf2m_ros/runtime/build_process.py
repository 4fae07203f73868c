"""The build of TensorRT engines as a process beside this one: started, looked at, stopped; never waited for."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from stf2m_ros.runtime.tensorrt_api import NO_DLA

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_STOP_S = 5.0
_SAID_BYTES = 1 << 20


@dataclass(frozen=True)
class BuildOutcome:
    """How a build ended."""

    failure: str  # one line, empty when the engines stand in the cache


def build_command(bundle: Path, precision: str, cache: Path, dla: int = NO_DLA, force: bool = False) -> List[str]:
    module = [sys.executable, "-m", "stf2m_ros.runtime.engine_building"]
    options = ["--bundle", str(bundle), "--precision", precision, "--dla", str(dla), "--cache", str(cache)]
    return [*module, *options, *(["--force"] if force else [])]


class BuildProcess:
    """A running build."""

    def __init__(self, command: List[str]) -> None:
        self._started_s = time.monotonic()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  a file: nobody has to read for the build to go on
        path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": path}
        self._process = subprocess.Popen(command, stdout=self._said, stderr=subprocess.STDOUT, env=environment)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started_s

    def said(self) -> List[str]:
        """The lines so far."""
        # pread, because the position in the file is shared with the process that writes.
        return os.pread(self._said.fileno(), _SAID_BYTES, 0).decode("utf-8", "replace").splitlines()

    def poll(self) -> Optional[BuildOutcome]:
        """How it ended, None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        if code == 0:
            return BuildOutcome("")
        last = next((line for line in reversed(self.said()) if line), "")
        how = f"the builder was killed by signal {-code}" if code < 0 else f"the builder ended with code {code}"
        return BuildOutcome(last if code == 1 and last else ": ".join(filter(None, [how, last])))

    def wait(self, timeout_s: float) -> Optional[BuildOutcome]:
        """How it ended, None where it still runs after so long."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        return self.poll()

    def stop(self) -> None:
        """Ends it if it still runs, and frees what it took. Stopping twice is allowed."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._said.close()
