"""What a run leaves: results.json with every number, a Markdown table, and one HTML page that needs nothing else."""

import base64
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from jinja2 import Environment

from stf2m_ros.evaluation.report.paper_tables import paper_table
from stf2m_ros.evaluation.study import OURS, Cell, Missing, Picture, Row, StudyResult, Table
from stf2m_ros.whole_files import write_whole

RESULTS, MARKDOWN, PAGE = "results.json", "results.md", "index.html"
_TEMPLATE = Path(__file__).with_name("report.html.j2")


def write_report(folder: Path, results: Sequence[StudyResult], run: Mapping[str, Any]) -> None:
    """run: what the numbers depend on: seed, versions, checksums of data and bundle, as JSON holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {"run": dict(run), "studies": [_plain(result, folder) for result in results]}
    write_whole(folder / RESULTS, json.dumps(plain, indent=1, allow_nan=False))
    write_whole(folder / MARKDOWN, _markdown(results, run))
    write_whole(folder / PAGE, _page(results, run))


def cell_text(cell: Cell, as_percent: bool) -> str:
    """For people: mean and deviation, the interval where there is one, or a dash."""
    if isinstance(cell, Missing):
        return "–"
    factor = 100.0 if as_percent else 1.0
    digits = 1 if as_percent else 3
    if not math.isfinite(cell.mean):
        return "–"
    text = f"{factor * cell.mean:.{digits}f} ± {factor * cell.spread:.{digits}f}"
    if cell.low is None or cell.high is None:
        return text
    return f"{factor * cell.mean:.{digits}f} ({factor * cell.low:.{digits}f} to {factor * cell.high:.{digits}f})"


def missing_reasons(table: Table) -> List[str]:
    """Each reason once, with the rows that it empties."""
    reasons: Dict[str, List[str]] = {}
    for row in table.rows:
        for cell in row.cells.values():
            if isinstance(cell, Missing) and ", ".join(row.heading) not in reasons.setdefault(cell.reason, []):
                reasons[cell.reason].append(", ".join(row.heading))
    return [f"{'; '.join(rows[:6])}{' ...' if len(rows) > 6 else ''}: {reason}" for reason, rows in reasons.items()]


def _plain(result: StudyResult, folder: Path) -> Dict[str, Any]:
    return {
        "study": result.study,
        "facts": dict(result.facts),
        "tables": [_plain_table(table) for table in result.tables],
        "paper_tables": [_plain_table(paper_table(key)) for key in result.paper_tables],
        "pictures": [{"file": _relative(each.path, folder), "caption": each.caption} for each in result.pictures],
    }


def _plain_table(table: Table) -> Dict[str, Any]:
    rows = [
        {"heading": list(row.heading), "source": row.source, "cells": {k: _plain_cell(c) for k, c in row.cells.items()}}
        for row in table.rows
    ]
    return {"title": table.title, "headings": list(table.headings), "note": table.note, "rows": rows}


def _plain_cell(cell: Cell) -> Dict[str, Any]:
    return {name: value for name, value in asdict(cell).items() if value is not None}


def _relative(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if folder in path.parents else path.name


def _markdown(results: Sequence[StudyResult], run: Mapping[str, Any]) -> str:
    lines = ["# Evaluation", "", *(f"- {name}: {value}" for name, value in run.items()), ""]
    for result in results:
        lines += [f"## {result.study}", "", *(f"- {name}: {value}" for name, value in _short(result.facts).items()), ""]
        for table in (*result.tables, *(paper_table(key) for key in result.paper_tables)):
            lines += [*_markdown_table(table), ""]
    return "\n".join(lines)


def _markdown_table(table: Table) -> List[str]:
    head = [*table.headings, *table.columns]
    lines = [f"### {table.title}", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(_texts(table, row))} |" for row in table.rows]
    return [*lines, "", *(f"{note}  " for note in _notes(table))]


def _notes(table: Table) -> List[str]:
    """Below a table: how it is read, then why cells are empty."""
    how = " ".join(part for part in (table.note, "In percent." if table.as_percent else "") if part)
    return [how, *missing_reasons(table)] if how else missing_reasons(table)


def _texts(table: Table, row: Row) -> List[str]:
    mark = "" if row.source == OURS else f" ({row.source})"
    first, *others = row.heading
    nothing = Missing("not measured")
    return [
        first + mark,
        *others,
        *(cell_text(row.cells.get(name, nothing), table.as_percent) for name in table.columns),
    ]


def _short(facts: Mapping[str, Any]) -> Dict[str, Any]:
    plain = {name: value for name, value in facts.items() if isinstance(value, (str, int, float))}
    return {
        name.replace("_", " "): round(value, 3) if isinstance(value, float) else value for name, value in plain.items()
    }


def _page(results: Sequence[StudyResult], run: Mapping[str, Any]) -> str:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["picture"] = _data_uri
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    sections = [
        {
            "result": result,
            "facts": _short(result.facts),
            "tables": [_shown(table, False) for table in result.tables]
            + [_shown(paper_table(key), True) for key in result.paper_tables],
        }
        for result in results
    ]
    return template.render(run=run, sections=sections)


def _shown(table: Table, is_papers: bool) -> Dict[str, Any]:
    rows = [{"texts": _texts(table, row), "ours": row.source == OURS} for row in table.rows]
    return {"table": table, "rows": rows, "notes": _notes(table), "papers": is_papers}


def _data_uri(picture: Picture) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.path.read_bytes()).decode("ascii")
