"""The steps of a training run: which stand, what each took, and so how long what is left will take."""

import json
import logging
import resource
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.meta.checkpoint import checkpoint_step, made_otherwise
from stf2m_ros.training.clip_names import SPLITS
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.made_from import META, META_AT, PRETRAINING, WINDOWS, WINDOWS_AT, changed_checkpoints
from stf2m_ros.whole_files import write_whole

_LOG = logging.getLogger(__name__)

WHAT = {
    "prepare": "generate clips, read data sets",
    "pretrain": "the frame encoder learns from faces",
    "encode": "every frame through the encoder, once",
    "windows": "the window head learns from windows",
    "meta": "two levels, over tasks",
    "ranges": "fit the fuzzy ranges",
    "finish": "score, calibrate, export, check",
}
STEPS = tuple(WHAT)
CHECKPOINTS = {"pretrain": PRETRAINING, "windows": WINDOWS, "meta": META}
_BYTES_PER_UNIT = 1024  # of what Linux counts


class StepState(NamedTuple):
    """done of all items; seconds_each: what one took in an earlier run, None where nobody has measured it.

    changed: which settings were others when it was done.
    """

    name: str
    done: int
    all: int
    seconds_each: Optional[float]
    changed: Tuple[str, ...] = ()

    @property
    def stands(self) -> bool:
        return self.done >= self.all and not self.changed

    def __str__(self) -> str:
        left = self.all - self.done
        time_left = (
            "not measured yet" if self.seconds_each is None else f"about {duration(left * self.seconds_each)} left"
        )
        told = "stands" if self.stands else time_left
        if self.changed:
            told = f"made by another configuration (other {', '.join(self.changed)})"
        return f"{self.name:9s}{WHAT[self.name]:39s}{f'{self.done} of {self.all}':16s}{told}"


class RunRecord:
    """What stands in a configuration's work folder, and <work_folder>/steps.json, which keeps what each step took."""

    def __init__(self, config: TrainingConfig, writes: bool = True) -> None:
        """writes: False in all processes of a run but the first."""
        self.config, self.work, self.writes = config, Path(config.work_folder), writes
        self.path = self.work / "steps.json"

    def state(self, name: str) -> StepState:
        told = self._read()
        done, count = self._items(name, told)
        changed = changed_checkpoints([CHECKPOINTS[name]], self.config) if name in CHECKPOINTS else []
        parts = tuple(part for each in changed for part in each.parts)
        return StepState(name, min(done, count), count, told.get(name, {}).get("seconds_each"), parts)

    def plan(self) -> List[str]:
        """One line for each step that this configuration asks for."""
        return [str(self.state(name)) for name in self.wanted()]

    def wanted(self) -> List[str]:
        skipped = {"meta"} if not self.config.bilevel else set()
        return [name for name in STEPS if name not in skipped]

    def check_alone(self, name: str) -> None:
        """Raises ValueError where the step is not asked for, or one before it does not stand."""
        if name not in self.wanted():
            raise ValueError(f"step {name}: the configuration does not ask for it (bilevel: false)")
        for before in self.wanted()[: self.wanted().index(name)]:
            state = self.state(before)
            if not state.stands:
                found = f"{state.done} of {state.all}"
                raise ValueError(f"step {name}: expected {before} to stand, found {found}; run --step {before} first")

    def check_checkpoints(self, only: str = "") -> None:
        """Raises ValueError where a checkpoint that would be met was made by another configuration.

        only: the step that is done alone, as far as which it looks.
        """
        wanted = self.wanted()
        met = wanted[: wanted.index(only) + 1] if only in wanted else wanted
        stages = [CHECKPOINTS[name] for name in met if name in CHECKPOINTS]
        if "ranges" in met and self.config.fuzzy_ranges.goes_on:
            stages.append(META_AT if self.config.bilevel else WINDOWS_AT)
        if changed := changed_checkpoints(stages, self.config):
            raise ValueError(made_otherwise(*changed[0], [each.path.name for each in changed[1:]]))

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Keeps what the step took for each item that it added, also where it is stopped."""
        before, began, finished = self.state(name).done, time.monotonic(), False
        try:
            yield
            finished = True
        finally:
            if self.writes and name in self.wanted():
                self._keep(name, before, time.monotonic() - began, finished)

    def _keep(self, name: str, before: int, seconds: float, finished: bool) -> None:
        told = self._read()
        entry = told.setdefault(name, {})
        entry["peak_mb"] = round(peak_memory_mb(), 1)
        if finished:
            entry["finished"] = True
        if finished and name == "prepare":
            entry.update(clips=self._clips(), sources=self._sources())
        added = self._items(name, told)[0] - before if name in ("prepare", "encode", *CHECKPOINTS) else int(finished)
        if added > 0:
            entry["seconds_each"] = seconds / added
        self.work.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, json.dumps(told, indent=1))
        if finished:
            _LOG.info("%s: %s; at most %.0f MB of memory until here", name, duration(seconds), entry["peak_mb"])

    def _items(self, name: str, told: Dict[str, dict]) -> Tuple[int, int]:
        """How many items of a step stand, and how many there are to be."""
        config = self.config
        if name == "prepare":
            return self._clips(), self._clips_wanted(told)
        if name == "encode":
            found = [_json_of(self.work / "tokens" / split / "tokens.json") for split in SPLITS]
            wanted = [each.get("items", 0) for each in found]
            return sum(each.get("done", 0) for each in found), sum(wanted) if all(wanted) else self._clips_wanted(told)
        if name in CHECKPOINTS:
            stages = {"pretrain": config.pretraining, "windows": config.window_training, "meta": config.meta_training}
            return checkpoint_step(self.work / f"{CHECKPOINTS[name]}.safetensors"), stages[name].optimiser.steps
        before = self.wanted()[: self.wanted().index(name)]
        return int(bool(told.get(name, {}).get("finished")) and all(self.state(each).stands for each in before)), 1

    def _clips_wanted(self, told: Dict[str, dict]) -> int:
        """How many clips of data sets there are is known once they were read."""
        prepared, clips = told.get("prepare", {}), self.config.clips
        if prepared.get("sources") == self._sources():
            return prepared["clips"]
        return clips.training + clips.windows + clips.validation + len(self.config.data_sets)

    def _sources(self) -> str:
        return fingerprint(self.config.clips, self.config.data_sets)

    def _clips(self) -> int:
        return sum(1 for _ in (self.work / "clips").glob("*/*.npz"))

    def _read(self) -> Dict[str, dict]:
        return _json_of(self.path)


def _json_of(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def peak_memory_mb() -> float:
    """The most memory that this process has held at once, or one of its workers, whichever is more."""
    own, workers = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(own, workers) * _BYTES_PER_UNIT / 1e6


def duration(seconds: float) -> str:
    """For people: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
