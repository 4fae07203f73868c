"""Tables of action units or landmarks over time, such as OpenFace writes, as component states."""

import re
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.text_files import numbers_of, read_table
from stf2m_ros.fuzzy.components import MAX_SCORE, states_from_action_units
from stf2m_ros.fuzzy.landmarks import NUM_LANDMARKS, states_from_landmarks

TIME_COLUMNS = ("time_s", "timestamp")
FRAME_COLUMN = "frame"
SUCCESS_COLUMN = "success"
"""OpenFace's: 0 where it saw no face; its scores of such a frame are none."""

FIRST_FRAME = 1
"""Tables that count frames, as OpenFace's do, begin with 1."""

# AU1, AU01, and OpenFace's AU01_r; its AU01_c says present or not, which is no score.
_UNIT = re.compile(r"AU0*(\d+)(?:_r)?$", re.IGNORECASE)


class ScoredStates(NamedTuple):
    """Component states over time."""

    time_s: np.ndarray  # (N,)
    states: np.ndarray  # (N, 12) NaN where undetermined
    action_units: Dict[int, np.ndarray]  # (N,) scores by unit; empty where landmarks gave the states

    def between(self, start_s: float, end_s: float) -> "ScoredStates":
        """Those in [start_s, end_s), in the order of time, from start_s."""
        order = np.argsort(self.time_s, kind="stable")
        inside = order[(self.time_s[order] >= start_s) & (self.time_s[order] < end_s)]
        units = {unit: scores[inside] for unit, scores in self.action_units.items()}
        return ScoredStates(self.time_s[inside] - start_s, self.states[inside], units)


def read_states(
    action_units: Optional[Path],
    landmarks: Optional[Path],
    frames_per_s: Callable[[], float],
    neutral_spans: Sequence[Tuple[float, float]] = (),
) -> ScoredStates:
    """States from the table of action units, else from that of landmarks. Raises BrokenFileError.

    frames_per_s: asked for a table that counts frames. neutral_spans: seconds in which the person is neutral; landmarks
    are compared with these, else with the median.
    """
    if action_units is not None:
        return _from_units(action_units, frames_per_s)
    time_s, points = _read_points(landmarks, frames_per_s)
    neutral = np.zeros(len(time_s), bool)
    for start_s, end_s in neutral_spans:
        neutral |= (time_s >= start_s) & (time_s < end_s)
    try:
        states = states_from_landmarks(points, points[neutral] if neutral.any() else None).states
    except ValueError as error:
        raise BrokenFileError(landmarks, "landmarks of at least one face", error) from error
    return ScoredStates(time_s, states, {})


def _from_units(path: Path, frames_per_s: Callable[[], float]) -> ScoredStates:
    header, rows, lines = _read_columns(path)
    units = {int(match[1]): column for column, name in enumerate(header) if (match := _UNIT.match(name))}
    if not units:
        raise BrokenFileError(path, "a column AU1, AU12, ...", ", ".join(header), 1)
    scores = {unit: rows[:, column].astype(np.float32) for unit, column in units.items()}
    wrong = np.any([(values < 0) | (values > MAX_SCORE) for values in scores.values()], axis=0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        found = ", ".join(f"AU{unit} {values[row]:g}" for unit, values in scores.items())
        raise BrokenFileError(path, f"action units scored 0 to {MAX_SCORE:g}", found, lines[row])
    if SUCCESS_COLUMN in header:
        for values in scores.values():
            values[rows[:, header.index(SUCCESS_COLUMN)] == 0] = np.nan
    return ScoredStates(_times(path, header, rows, frames_per_s), states_from_action_units(scores), scores)


def _read_points(path: Path, frames_per_s: Callable[[], float]) -> Tuple[np.ndarray, np.ndarray]:
    """(N,) times and (N, 98, 2) points."""
    header, rows, _ = _read_columns(path)
    plain = [name.replace("_", "") for name in header]
    wanted = [f"{axis}{point}" for point in range(NUM_LANDMARKS) for axis in "xy"]
    missing = [name for name in wanted if name not in plain]
    if missing:
        raise BrokenFileError(
            path, f"columns x0, y0 ... x{NUM_LANDMARKS - 1}, y{NUM_LANDMARKS - 1}", f"no {missing[0]}", 1
        )
    points = rows[:, [plain.index(name) for name in wanted]].reshape(len(rows), NUM_LANDMARKS, 2)
    return _times(path, header, rows, frames_per_s), points.astype(np.float32)


def _read_columns(path: Path) -> Tuple[List[str], np.ndarray, List[int]]:
    """Column names, (N, columns) numbers, and the line of each row."""
    header: List[str] = []
    rows, lines = [], []
    for row in read_table(path, ()):
        header = header or [name.strip() for name in row.fields]
        rows.append(numbers_of(path, list(row.fields.values()), len(header), row.line))
        lines.append(row.line)
    if not rows:
        raise BrokenFileError(path, "rows of numbers below a header", "none")
    return header, np.array(rows), lines


def _times(path: Path, header: List[str], rows: np.ndarray, frames_per_s: Callable[[], float]) -> np.ndarray:
    for name in TIME_COLUMNS:
        if name in header:
            return rows[:, header.index(name)]
    if FRAME_COLUMN in header:
        return (rows[:, header.index(FRAME_COLUMN)] - FIRST_FRAME) / frames_per_s()
    raise BrokenFileError(path, f"a column {', '.join((*TIME_COLUMNS, FRAME_COLUMN))}", ", ".join(header), 1)
