"""The tables of the few-shot study, out of what its cells keep."""

from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple

from stf2m_ros.baselines.catalogue import METHODS, OURS
from stf2m_ros.evaluation.laboratory.method_runs import ACC, RECALL, Run, ahead, average, worst
from stf2m_ros.evaluation.study import Cell, Missing, Row, Table

SHOTS = (1, 5, 10)
FEW, ALL, DEFECTS = "few", "all", "defects"
LABELS_OF_EACH_CLASS = {"labels-5": 5, "labels-10": 10}
"""Settings of labels: FEW and partly wrong, ALL, so many of each class. DEFECTS: a share of the data, faces spoilt."""
DATA_SHARES = (0.25, 0.5, 1.0)
DEFECT_AREAS = (0.0, 0.1, 0.3)
AS_IS, ADAPTED = "as trained", "adapted"
REASON = "reason"

Rounds = List[Mapping[str, Any]]
"""Of each round the runs by name, or the reason why there are none."""
ByMethod = Mapping[str, Rounds]
Defects = Mapping[Tuple[float, float], Rounds]


def labels_tables(found: Mapping[str, ByMethod]) -> Iterator[Table]:
    """Of the settings of labels that were run."""
    every = found.get(ALL, {})
    if FEW in found:
        yield wrong_labels_table(every, found[FEW])
    for setting, count in LABELS_OF_EACH_CLASS.items():
        if setting in found:
            yield labels_table(
                f"Trained on {count} labelled expressions of each class and nothing else", found[setting]
            )
    if every:
        yield labels_table("Trained on all labelled expressions, their labels right", every)
    if len(found) > 1:
        yield together_table(list(found.values()))
    if every:
        yield shots_table(every)


def wrong_labels_table(every: ByMethod, few: ByMethod) -> Table:
    """In the layout of the paper's Table V. every: empty where only few labels were learned from."""
    standard, few_shot = ("All data, average", "All data, worst"), ("Few-shot, average", "Few-shot, worst")
    adapted = ("Few-shot, adapted", "Few-shot, adapted, RECALL")
    rows = []
    for name in few:
        cells = cells_of(few_shot, few[name], (average, worst))
        cells.update(cells_of(adapted, few[name], (average, _recall), ADAPTED))
        if every:
            cells.update(cells_of(standard, every[name], (average, worst)))
        else:
            cells.update(dict.fromkeys(standard, Missing("all data were not asked for")))
        rows.append(_row(name, {**cells, **_ahead_of(name, few)}))
    title, columns = "20 % of the data, 30 % of the labels wrong", (*standard, *few_shot, *adapted, *_AHEAD)
    note = f"Accuracy as trained, and adapted once more to the same clips. {_AHEAD_NOTE}"
    return Table(title, ("Method",), columns, tuple(rows), note=note)


def labels_table(title: str, found: ByMethod) -> Table:
    """Both as trained and adapted to the same clips once more."""
    as_is, adapted = ("ACC, as trained",), ("ACC, adapted", "RECALL, adapted")
    rows = []
    for name in found:
        cells = cells_of(as_is, found[name], (average,))
        cells.update(cells_of(adapted, found[name], (average, _recall), ADAPTED))
        rows.append(_row(name, {**cells, **_ahead_of(name, found)}))
    return Table(title, ("Method",), (*as_is, *adapted, *_AHEAD), tuple(rows), note=_AHEAD_NOTE)


def together_table(settings: Sequence[ByMethod]) -> Table:
    """How far ST-F2M is ahead over all settings of labels: what no single one of them shows may be seen in all."""
    rows = [_row(name, _ahead_of(name, *settings)) for name in settings[0] if name != OURS]
    note = f"All that stand above. {_AHEAD_NOTE}"
    return Table("All settings of labels together", ("Method",), tuple(_AHEAD), tuple(rows), note=note)


def shots_table(every: ByMethod) -> Table:
    """What K expressions of new people are worth."""
    columns = (AS_IS, *(f"K = {shots}" for shots in SHOTS))
    rows = []
    for name in every:
        cells: Dict[str, Cell] = {}
        for column, kind in zip(columns, shot_kinds()):
            cells.update(cells_of((column,), every[name], (average,), kind, _TOO_FEW_EXPRESSIONS))
        rows.append(_row(name, cells))
    note = (
        "Adapted to K expressions of each emotion by half of the unseen people, judged on the others. An emotion of "
        "which there are fewer gives all it has."
    )
    return Table("K-shot: all data, then K expressions of new people", ("Method",), columns, tuple(rows), note=note)


_TOO_FEW_EXPRESSIONS = "these people have fewer expressions of every emotion, or there is one of them alone"


def defects_table(found: Defects) -> Table:
    """Source: the paper's Fig. 1a."""
    shares, areas = (sorted(set(values)) for values in zip(*found))
    columns = tuple(f"{area:.0%} hidden" for area in areas)
    rows = []
    for share in shares:
        cells: Dict[str, Cell] = {}
        for area, column in zip(areas, columns):
            cells.update(cells_of((column,), found[share, area], (average,)))
        rows.append(Row((f"{share:.0%}",), cells))
    note = f"{METHODS[OURS].title}; the same share of the face is hidden in training and when judged."
    return Table("Amount of data against area of defects", ("Data",), columns, tuple(rows), note=note)


def shot_kinds() -> Tuple[str, ...]:
    """Names of the runs of a K-shot curve."""
    return (f"0 {AS_IS}", *(f"{shots} {ADAPTED}" for shots in SHOTS))


def runs_named(rounds: Rounds, kind: str) -> List[Run]:
    """Of the rounds that could be run."""
    return [found[kind] for found in rounds if kind in found]


def cells_of(
    columns: Sequence[str],
    rounds: Rounds,
    numbers: Sequence[Callable[[List[Run]], Cell]],
    kind: str = AS_IS,
    why_not: str = "not all rounds have such a run",
) -> Dict[str, Cell]:
    """One number of the runs a column, or why there is none: the rounds' own reasons, else why_not."""
    runs = runs_named(rounds, kind)
    reasons = sorted({str(found[REASON]) for found in rounds if REASON in found})
    if len(runs) < len(rounds):
        missing = Missing("; ".join(reasons) or why_not)
        return {column: missing for column in columns}
    return {column: number(runs) for column, number in zip(columns, numbers)}


_AHEAD = {"ST-F2M ahead, ACC": ACC, "ST-F2M ahead, RECALL": RECALL}
_AHEAD_NOTE = (
    "ST-F2M ahead: adapted, of this method as it does better, all rounds together; 95 % bootstrap interval over people."
)


def _ahead_of(name: str, *settings: ByMethod) -> Dict[str, Cell]:
    """Over the rounds of all settings together."""
    if name == OURS:
        return {}
    if any(OURS not in found for found in settings):
        return dict.fromkeys(_AHEAD, Missing(f"{OURS} was not run"))
    if any(REASON in each for found in settings for each in (*found[OURS], *found[name])):
        return dict.fromkeys(_AHEAD, Missing("not all rounds could be run"))
    ours = [run for found in settings for run in runs_named(found[OURS], ADAPTED)]
    cells = {}
    for column, metric in _AHEAD.items():
        cells[column] = ahead(ours, [run for found in settings for run in best_of(found[name], metric)], metric)
    return cells


def _recall(runs: List[Run]) -> Cell:
    return average(runs, RECALL)


def best_of(rounds: Rounds, metric: str = ACC) -> List[Run]:
    """The runs as trained, or the adapted ones where those are better on the average."""
    both = [runs_named(rounds, kind) for kind in (AS_IS, ADAPTED)]
    return max(both, key=lambda runs: sum(run[metric] for run in runs))


def _row(name: str, cells: Mapping[str, Cell]) -> Row:
    return Row((METHODS[name].title,), cells)
