"""What the paper prints, from config/paper_tables.yaml: shown beside ours, never mixed with it."""

from functools import lru_cache
from typing import Any, Dict

import yaml

from stf2m_ros.evaluation.study import PAPER, Row, Score, Table
from stf2m_ros.shipped_files import shipped

FILE = "config/paper_tables.yaml"


def paper_table(key: str) -> Table:
    """The table of that key, such as table_iii. Raises KeyError."""
    plain = _read()[key]
    rows = tuple(
        Row((method,), {column: _score(pair, plain["rounds"]) for column, pair in zip(plain["columns"], pairs)}, PAPER)
        for method, pairs in plain["rows"].items()
    )
    note = f"Printed in the paper and measured by its authors on their own data, not by us; {plain['note']}."
    return Table(f"The paper's {plain['title']}", ("Methods",), tuple(plain["columns"]), rows, note=note)


def paper_frames_per_s() -> float:
    """The paper's speed of ST-F2M on a Jetson AGX Xavier."""
    return float(_read()["figure_6"]["st_f2m_frames_per_s"])


def _score(pair: Any, rounds: int) -> Score:
    mean, spread = pair
    return Score(mean / 100, spread / 100, rounds)


@lru_cache(maxsize=1)
def _read() -> Dict[str, Any]:
    return yaml.safe_load(shipped(FILE).read_text(encoding="utf-8"))
