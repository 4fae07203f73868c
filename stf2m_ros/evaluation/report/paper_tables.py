"""What the paper prints, from config/paper_tables.yaml: shown beside ours, never mixed with it."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict

import yaml

from stf2m_ros.evaluation.study import PAPER, Row, Score, Table

FILE = Path("config") / "paper_tables.yaml"


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
    return yaml.safe_load(_path().read_text(encoding="utf-8"))


def _path() -> Path:
    beside = Path(__file__).resolve().parents[3] / FILE
    if beside.is_file():
        return beside
    try:
        from ament_index_python.packages import get_package_share_directory  # where ROS 2 is

        return Path(get_package_share_directory("stf2m_ros")) / FILE
    except (ImportError, LookupError) as error:
        raise FileNotFoundError(f"{FILE}: expected the paper's tables, found none") from error
