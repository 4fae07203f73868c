"""Times one backend's two engines on made-up inputs: encoder by batch, window head, memory, energy."""

import time
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Union

import numpy as np

from stf2m_ros.cli.device_report import Energy, NotReported, measure_energy
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, Bundle
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.engine_trial import following_windows, trial_inputs

BATCHES = (1, 2, 4, 8)
PERCENTILES = (50, 95, 99)
_WARM_UP_RUNS = 3
_FEWEST_RUNS = 5

Value = Union[float, str, NotReported]


@dataclass(frozen=True)
class Row:
    """One figure, or why there is none."""

    part: str
    name: str
    value: Value
    unit: str = ""

    @property
    def said(self) -> str:
        if isinstance(self.value, NotReported):
            return f"not reported: {self.value.reason}"
        return self.value if isinstance(self.value, str) else f"{self.value:,.4g} {self.unit}".strip()

    def to_plain(self) -> Dict[str, Any]:
        """For JSON: a value of None has a reason."""
        missing = isinstance(self.value, NotReported)
        plain = {"part": self.part, "name": self.name, "value": None if missing else self.value, "unit": self.unit}
        return {**plain, "reason": self.value.reason} if missing else plain


@dataclass(frozen=True)
class Measurement:
    """What one backend did."""

    rows: List[Row]
    frames_per_s: Mapping[int, float]  # by batch
    head_ms: List[float]  # of each run of the window head


def measure_backend(
    part: str, bundle: Bundle, frame_encoder: Engine, window_head: Engine, seconds: float
) -> Measurement:
    """About `seconds` for each figure. The inputs are noise: only how much of a window is new makes a difference."""
    inputs, grid = trial_inputs(bundle), bundle.card.grid
    faces = inputs[FRAME_ENCODER_FILE]["faces"][:1]
    windows = following_windows(inputs[WINDOW_HEAD_FILE], round(grid.hop_s / grid.slot_s))
    frames_per_s = {}
    for batch in BATCHES:
        many = repeat({"faces": np.repeat(faces, batch, axis=0)})
        frames_per_s[batch] = batch / float(np.median(run_times_s(frame_encoder, many, seconds)))
    head_ms = [1000 * each for each in run_times_s(window_head, windows, seconds)]
    rows = [Row(part, f"encoder, batch {batch}", value, "frames/s") for batch, value in frames_per_s.items()]
    rows += [Row(part, f"window head, p{p}", float(np.percentile(head_ms, p)), "ms") for p in PERCENTILES]
    rows.append(Row(part, "resident memory", resident_mb(), "MB"))
    return Measurement([*rows, *_energy(part, frame_encoder, {"faces": faces}, seconds)], frames_per_s, head_ms)


def run_times_s(engine: Engine, inputs: Iterator[Mapping[str, np.ndarray]], seconds: float) -> List[float]:
    """The time of each run, for so long; a few runs at least, after a few that do not count. inputs: of each run."""
    for _ in range(_WARM_UP_RUNS):
        engine.run(next(inputs))
    times_s: List[float] = []
    until_s = time.monotonic() + seconds
    while len(times_s) < _FEWEST_RUNS or time.monotonic() < until_s:
        shown, started_s = next(inputs), time.perf_counter()
        engine.run(shown)
        times_s.append(time.perf_counter() - started_s)
    return times_s


def resident_mb(status: Path = Path("/proc/self/status")) -> Union[float, NotReported]:
    """Memory of this process, with libraries and both engines."""
    try:
        lines = status.read_text(encoding="utf-8").splitlines()
    except OSError:
        return NotReported(f"there is no {status}")
    kilobytes = next((line.split()[1] for line in lines if line.startswith("VmRSS:")), None)
    return float(kilobytes) * 1024 / 1e6 if kilobytes else NotReported(f"{status} has no VmRSS")


def _energy(part: str, encoder: Engine, inputs: Mapping[str, np.ndarray], seconds: float) -> List[Row]:
    frames: List[float] = []
    energy = measure_energy(lambda: frames.extend(run_times_s(encoder, repeat(inputs), seconds)))
    if not isinstance(energy, Energy):
        return [Row(part, "energy per frame", energy)]
    per_frame_mj = 1000 * energy.joules / (len(frames) + _WARM_UP_RUNS)
    return [
        Row(part, f"power while encoding, {energy.source}", energy.joules / energy.seconds, "W"),
        Row(part, "energy per frame, one by one", per_frame_mj, "mJ"),
    ]
