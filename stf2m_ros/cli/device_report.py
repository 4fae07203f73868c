"""What this machine says of itself: model, power mode, and the energy that it takes, where it reports any of that.

Jetson: the INA sensors below /sys/class/hwmon, and nvpmodel. NVIDIA cards: nvidia-smi. Intel: the RAPL counters, which
most systems let only root read. What is not reported is a value with its reason.
"""

import os
import platform
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Optional, Tuple, Union

_TOOL_S = 5.0
_SAMPLE_S = 0.25
_WHOLE_BOARD = ("VDD_IN", "POM_5V_IN")
"""Rails that hold all the others."""


@dataclass(frozen=True)
class NotReported:
    """The machine does not tell this."""

    reason: str


@dataclass(frozen=True)
class PowerMeter:
    """Reads what is drawn right now."""

    source: str  # for people: whose watts these are
    watts: Callable[[], float]


@dataclass(frozen=True)
class Energy:
    """What a stretch of work took."""

    source: str
    joules: float
    seconds: float


def machine_name(root: Path = Path("/")) -> str:
    """The board's model, else the processor's, else what Python knows."""
    model = _text(root / "proc/device-tree/model")
    if model:
        return model.strip("\0\n ")
    for line in _text(root / "proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def power_mode(search_path: Optional[str] = None) -> Union[str, NotReported]:
    """The power mode as nvpmodel names it. search_path: where programs are looked for, none for the user's."""
    said = _run(["nvpmodel", "-q"], search_path)
    for line in said.splitlines():
        if line.startswith("NV Power Mode:"):
            return line.split(":", 1)[1].strip()
    return NotReported("there is no nvpmodel here" if not said else "nvpmodel names no mode")


def gpu_memory_mb(search_path: Optional[str] = None) -> Union[float, NotReported]:
    """Memory in use on the first NVIDIA card, by everyone."""
    return _smi_number("memory.used", search_path)


def find_meter(root: Path = Path("/"), search_path: Optional[str] = None) -> Union[PowerMeter, NotReported]:
    """The meter that sees most of what we use: the board's, else the card's."""
    rails = _board_rails(root)
    if rails:
        return PowerMeter("board (" + ", ".join(name for name, _ in rails) + ")", lambda: _rail_watts(rails))
    first = _smi_number("power.draw", search_path)
    if not isinstance(first, NotReported):
        return PowerMeter("GPU (nvidia-smi)", lambda: _or_nan(_smi_number("power.draw", search_path)))
    return NotReported("no INA sensor below /sys/class/hwmon, no nvidia-smi that tells")


def measure_energy(
    work: Callable[[], None], root: Path = Path("/"), search_path: Optional[str] = None
) -> Union[Energy, NotReported]:
    """Does the work, and tells what was drawn meanwhile: by a meter, else by the processor's own counters."""
    meter = find_meter(root, search_path)
    if isinstance(meter, PowerMeter):
        return _sampled(meter, work)
    counters = _rapl_counters(root)
    if counters is None:
        work()
        return NotReported(f"{meter.reason}; the processor's counters (powercap) are absent or for root only")
    before, started_s = _microjoules(counters), time.monotonic()
    work()
    return Energy("processor packages (RAPL)", _since(before, counters) / 1e6, time.monotonic() - started_s)


def _sampled(meter: PowerMeter, work: Callable[[], None]) -> Union[Energy, NotReported]:
    watts: List[float] = []
    done = threading.Event()

    def sample() -> None:
        while not done.wait(_SAMPLE_S):
            watts.append(meter.watts())

    thread, started_s = threading.Thread(target=sample, name="power meter"), time.monotonic()
    thread.start()
    try:
        work()
    finally:
        done.set()
        thread.join()
    seconds = time.monotonic() - started_s
    known = [value for value in watts or [meter.watts()] if value == value]  # a NaN is a reading that failed
    if not known:
        return NotReported(f"{meter.source} told no number while it was asked")
    return Energy(meter.source, sum(known) / len(known) * seconds, seconds)


def _board_rails(root: Path) -> List[Tuple[str, Tuple[Path, Path]]]:
    """Name -> files of millivolts and milliamperes, of each rail; only the whole board's where there is one."""
    rails = []
    for folder in sorted((root / "sys/class/hwmon").glob("hwmon*")):
        if not _text(folder / "name").startswith("ina3221"):
            continue
        for label in sorted(folder.glob("in*_label")):
            number = label.name[len("in") : -len("_label")]
            files = folder / f"in{number}_input", folder / f"curr{number}_input"
            if all(_text(file).strip() for file in files):  # a channel without a current is the sum of the others
                rails.append((_text(label).strip(), files))
    whole = [rail for rail in rails if rail[0] in _WHOLE_BOARD]
    return whole or [rail for rail in rails if rail[0] != "NC"]


def _rail_watts(rails: List[Tuple[str, Tuple[Path, Path]]]) -> float:
    try:
        return sum(float(_text(volts)) * float(_text(amperes)) for _, (volts, amperes) in rails) / 1e6
    except ValueError:  # a sensor may answer with nothing for a moment
        return float("nan")


def _rapl_counters(root: Path) -> Optional[List[Tuple[Path, int]]]:
    """File and range of each package's counter of microjoules."""
    counters = []
    for folder in sorted((root / "sys/class/powercap").glob("intel-rapl:*")):
        if _text(folder / "name").startswith("package"):
            counters.append((folder / "energy_uj", int(_text(folder / "max_energy_range_uj") or 0)))
    return counters if counters and all(_text(file) for file, _ in counters) else None


def _microjoules(counters: List[Tuple[Path, int]]) -> List[int]:
    return [int(_text(file)) for file, _ in counters]


def _since(before: List[int], counters: List[Tuple[Path, int]]) -> float:
    """Microjoules since then; a counter that went over its range began anew."""
    pairs = zip(before, _microjoules(counters), counters)
    return float(sum(now - then if now >= then else now - then + range_ for then, now, (_, range_) in pairs))


def _smi_number(field: str, search_path: Optional[str]) -> Union[float, NotReported]:
    said = _run(["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits"], search_path)
    try:
        return float(said.splitlines()[0])
    except (IndexError, ValueError):
        return NotReported("nvidia-smi does not tell" if said else "there is no nvidia-smi here")


def _or_nan(value: Union[float, NotReported]) -> float:
    return float("nan") if isinstance(value, NotReported) else value


def _run(command: List[str], search_path: Optional[str]) -> str:
    """What a program says, empty where it is not there or fails."""
    program = shutil.which(command[0], path=search_path if search_path is not None else os.environ.get("PATH"))
    if program is None:
        return ""
    try:
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=_TOOL_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _text(path: Path) -> str:
    """A file's text, empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
