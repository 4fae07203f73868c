"""What a study is: something that runs on data and a bundle, and gives tables and figures. Absence has a reason."""

import json
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Protocol, Sequence, Tuple, Union

import numpy as np

from stf2m_ros.data.clip import Clip
from stf2m_ros.evaluation.interference.corruptions import CLEAN, Corruption
from stf2m_ros.whole_files import write_whole

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Score:
    """A number with its spread: the standard deviation over n rounds (seeds, or draws of subjects).

    low, high: a 95 % interval, where one was computed.
    """

    mean: float
    spread: float
    n: int
    low: Optional[float] = None
    high: Optional[float] = None

    @classmethod
    def of_rounds(cls, values: Sequence[float]) -> "Score":
        """Raises ValueError for fewer than two rounds: they have no spread."""
        if len(values) < 2:
            raise ValueError(f"expected at least 2 rounds, found {len(values)}")
        return cls(float(np.mean(values)), float(np.std(values, ddof=1)), len(values))


@dataclass(frozen=True)
class Missing:
    """Why there is no number."""

    reason: str


Cell = Union[Score, Missing]
OURS, PAPER, OUTSIDE = "measured", "the paper's, on its own data", "outside predictions"


@dataclass(frozen=True)
class Row:
    """One line of a table. heading: what it is of, one text a heading column; source: OURS, PAPER or OUTSIDE."""

    heading: Tuple[str, ...]
    cells: Mapping[str, Cell]
    source: str = OURS

    @classmethod
    def empty(cls, heading: Tuple[str, ...], columns: Sequence[str], reason: str) -> "Row":
        """A row that could not be measured."""
        return cls(heading, {column: Missing(reason) for column in columns})


@dataclass(frozen=True)
class Table:
    """Rows of the same columns. as_percent: numbers are shares, to be shown times 100."""

    title: str
    headings: Tuple[str, ...]
    columns: Tuple[str, ...]
    rows: Tuple[Row, ...]
    as_percent: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.heading) != len(self.headings) or not set(row.cells) <= set(self.columns):
                expected = f"{len(self.headings)} headings and cells of {self.columns}"
                raise ValueError(f"{self.title}: expected {expected}, found {row.heading} {tuple(row.cells)}")


@dataclass(frozen=True)
class Picture:
    """A figure that was drawn: a PNG file, and what it shows."""

    path: Path
    caption: str


@dataclass(frozen=True)
class StudyResult:
    """What a study found. facts: plain data (counts, settings, seeds, numbers not in a table), as JSON holds it."""

    study: str
    tables: Tuple[Table, ...]
    pictures: Tuple[Picture, ...] = ()
    paper_tables: Tuple[str, ...] = ()  # of config/paper_tables.yaml, to be shown beside
    facts: Mapping[str, Any] = field(default_factory=dict)


class EvaluationData(Protocol):
    """Labelled clips to judge on, one in memory at a time, always in the same order."""

    @property
    def name(self) -> str: ...

    @property
    def checksum(self) -> str:
        """sha256 of what the clips depend on: the files, or the generator's settings and version."""
        ...

    @property
    def held_out(self) -> bool:
        """Whether training_clips are of other people. Otherwise they are the same clips: fold over the subjects."""
        ...

    def clips(self, corruption: Corruption = CLEAN) -> Iterator[Clip]:
        """To be judged on: face crops, whose pictures met the corruption before anything of ours."""
        ...

    def training_clips(self) -> Iterator[Clip]:
        """To learn from, where a study trains."""
        ...


@dataclass(frozen=True)
class StudySize:
    """How much is done. SMOKE proves that it runs; CLAIMS is what figures are quoted from."""

    name: str
    rounds: int  # draws of subjects
    training_rounds: int  # of studies that train: other clips and another seed each; five judge each person of a set
    clips: int  # generated clips to judge on; a set from disk is cut to so many where it is larger (0: never)
    training_clips: int
    training_steps: int  # of each method that a study trains
    groups: int  # of the robot's case study
    clips_per_group: int
    training_clip_s: float = 30.0  # of generated ones; short clips are many expressions for little time


SMOKE = StudySize(
    "smoke", 3, 3, clips=6, training_clips=60, training_steps=20, groups=2, clips_per_group=2, training_clip_s=6.0
)
CLAIMS = StudySize("claims", 10, 10, clips=100, training_clips=200, training_steps=150, groups=5, clips_per_group=20)


def numbered(names: Sequence[str]) -> List[str]:
    """The names, each its own: the second of one name has -2 behind it."""
    numbers = [names[:place].count(name) + 1 for place, name in enumerate(names)]
    return [f"{name}-{number}" if number > 1 else name for name, number in zip(names, numbers)]


class Cells:
    """Results that were computed already, one JSON file each: a study that was stopped goes on where it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._expected, self._done = 0, 0
        self._took_s: List[float] = []  # of those that were computed

    def expect(self, count: int) -> None:
        """So many will be asked for: from here on each that is computed says about how long the rest will take."""
        self._expected = count

    def get(self, key: str, compute: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
        """The plain data kept under the key, computed first where it is missing. key: letters, digits, - _ . only."""
        path = self.folder / f"{key}.json"
        self._done += 1
        if not path.exists():
            started_s = time.monotonic()
            found = compute()
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(found))
            self._took_s.append(time.monotonic() - started_s)
            _LOG.info("%s", self.progress(key))
        return json.loads(path.read_text(encoding="utf-8"))

    def progress(self, key: str) -> str:
        """A line for people. What was kept from a former run counts as done, and tells nothing about time.

        Nor does the first one, which reads and encodes the clips for all of them, once there are others.
        """
        if not self._expected:
            return key
        took_s = self._took_s[1:] or self._took_s or [0.0]
        left_s = sum(took_s) / len(took_s) * max(self._expected - self._done, 0)
        return f"{key}: {self._done} of {self._expected}, about {left_s / 60:.0f} min left"


@dataclass(frozen=True)
class StudyContext:
    """Everything that a study may depend on. The same context gives the same numbers."""

    data: Optional[EvaluationData]
    bundle: Optional[Path]  # a bundle folder
    out: Path  # the study's own folder: figures go here
    work: Path  # caches that studies share, such as tokens of a bundle; named after what they depend on
    cells: Cells  # of this study, this data, bundle, size and seed
    size: StudySize = SMOKE
    seed: int = 0
    methods: Tuple[str, ...] = ()  # --method, where a study compares methods; empty: all
    settings: Tuple[str, ...] = ()  # --setting, where a study has several of labels and data; empty: all
    other_data: Tuple[EvaluationData, ...] = ()  # further --data, for studies of several sets
    other_bundles: Tuple[Path, ...] = ()  # further --bundle
    predictions: Tuple[str, ...] = ()  # --predictions: files of outside models, those joined by + bagged


class Study(Protocol):
    """One question, answered with numbers. What cannot be measured on the data at hand is an empty row with a reason.

    run() raises ValueError or OSError for what the user can mend: a file that is none, a full disk.
    """

    @property
    def name(self) -> str: ...

    def run(self, context: StudyContext) -> StudyResult: ...
