"""Measured figures beside what is wanted of them: one table on the screen, one JSON file."""

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional, Sequence


@dataclass(frozen=True)
class Figure:
    """One measured number. wanted: "<= 200" or ">= 99" or "= 0"; empty where nothing is promised."""

    part: str
    name: str
    value: float
    unit: str
    wanted: str = ""

    @property
    def holds(self) -> Optional[bool]:
        """Whether the promise is kept; None where there is none."""
        if not self.wanted:
            return None
        sign, _, bound = self.wanted.partition(" ")
        value, wanted = float(self.value), float(bound)
        return {"<=": value <= wanted, ">=": value >= wanted, "=": value == wanted}[sign]


def table(figures: Sequence[Figure]) -> str:
    """The figures for people, grouped by part."""
    verdicts = {None: "", True: "yes", False: "NO"}
    rows = [("part", "figure", "measured", "wanted", "kept")]
    rows += [
        (each.part, each.name, f"{each.value:,.4g} {each.unit}".strip(), each.wanted, verdicts[each.holds])
        for each in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def write_json(path: Path, figures: Sequence[Figure], model: str) -> None:
    """All figures, with what they were measured on: a busy machine explains a slow one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": platform.platform(),
        "processors": os.cpu_count(),
        "load_average": os.getloadavg(),
        "model": model,
        "figures": [{**asdict(each), "value": float(each.value), "kept": each.holds} for each in figures],
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
