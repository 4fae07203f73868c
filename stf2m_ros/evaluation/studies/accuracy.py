"""How often right, on people never trained on: by task, class and group, with confusions and calibration."""

from typing import Dict, List, Tuple

import numpy as np

from stf2m_ros.evaluation.interference.corruptions import Corruption
from stf2m_ros.evaluation.judging import judged, judged_behind
from stf2m_ros.evaluation.outside_predictions import check_predictions, read_predictions
from stf2m_ros.evaluation.report.study_figures import draw_confusions, draw_reliability
from stf2m_ros.evaluation.scores.boundaries import COLUMNS as BOUNDARY_COLUMNS
from stf2m_ros.evaluation.scores.boundaries import boundary_scores
from stf2m_ros.evaluation.scores.calibration import calibration_scores, reliability
from stf2m_ros.evaluation.scores.metrics import (
    EIGHTEEN,
    METRICS,
    NINETEEN,
    SEVEN,
    SIX,
    TASKS,
    Task,
    answers,
    confusion,
    not_askable,
    recall_of_classes,
    task_scores,
)
from stf2m_ros.evaluation.scores.mixed_emotions import COLUMNS as MIXED_COLUMNS
from stf2m_ros.evaluation.scores.mixed_emotions import mixed_scores
from stf2m_ros.evaluation.scores.scored import Scored
from stf2m_ros.evaluation.scores.sequences import emotions_only
from stf2m_ros.evaluation.scores.subject_folds import paired_difference
from stf2m_ros.evaluation.study import OUTSIDE, Cell, Missing, Picture, Row, Score, StudyContext, StudyResult, Table
from stf2m_ros.runtime.bundle import read_card

OUR_NAME = "ST-F2M"
MASKED = 0.2
"""Share of the area that is masked in the paper's confusion matrices."""
TASK_COLUMNS = tuple(f"{task.name} {metric}" for task in TASKS for metric in METRICS)
_MOST_GROUPS = 12


class Accuracy:
    """The paper's Table III and Fig. 8, on one's own data."""

    name = "accuracy"

    def run(self, context: StudyContext) -> StudyResult:
        if context.data is None or context.bundle is None:
            return StudyResult(self.name, (_unmeasured("no data or no bundle was given"),))
        for text in context.predictions:
            check_predictions(text)
        clean, memberships = judged(context)
        masked = judged_behind(context, Corruption("block_mask", MASKED, context.seed), clean)
        outside = [(text, *read_predictions(text, clean)) for text in context.predictions]
        tables = [
            _main_table(context, clean, outside),
            *_ahead_table(clean, outside),
            _class_table(context, clean),
            _boundary_table(context, clean),
            _calibration_table(context, {"clean": clean, _masked_name(): masked}),
            _group_table(context, clean),
            _mixed_table(context, clean, memberships),
        ]
        facts = {"segments": len(clean), "subjects": len(set(clean.subjects)), "clips": len(set(clean.clips))}
        pictures = _pictures(context, clean, masked)
        return StudyResult(self.name, tuple(tables), pictures, ("table_iii",), facts)


def task_row(heading: Tuple[str, ...], scored: Scored, rounds: int, seed: int) -> Row:
    """ACC and RECALL of every task, by TASK_COLUMNS."""
    cells: Dict[str, Cell] = {}
    for task in TASKS:
        for metric, cell in task_scores(scored, task, rounds, seed).items():
            cells[f"{task.name} {metric}"] = cell
    return Row(heading, cells)


def _unmeasured(reason: str) -> Table:
    row = Row.empty((OUR_NAME,), TASK_COLUMNS, reason)
    return Table("Accuracy and recall", ("Methods",), TASK_COLUMNS, (row,))


def _main_table(context: StudyContext, clean: Scored, outside: list) -> Table:
    rows = [task_row((OUR_NAME,), clean, context.size.rounds, context.seed)]
    for _, name, scored in outside:
        rows.append(Row((name,), task_row((name,), scored, context.size.rounds, context.seed).cells, OUTSIDE))
    note = f"Mean and deviation of {context.size.rounds} rounds; each draws the subjects anew, with replacement."
    return Table(f"Accuracy and recall on {context.data.name}", ("Methods",), TASK_COLUMNS, tuple(rows), note=note)


def _ahead_table(clean: Scored, outside: list) -> List[Table]:
    rows = [Row((name,), {"6-way ACC": ahead_of(clean, scored, SIX)}) for _, name, scored in outside]
    note = "Same rows for both; 95 % bootstrap interval over subjects."
    return [Table(f"{OUR_NAME} ahead of", ("Methods",), ("6-way ACC",), tuple(rows), note=note)] if rows else []


def ahead_of(first: Scored, other: Scored, task: Task) -> Cell:
    """How much more often the first is right on the same rows, with a 95 % bootstrap interval over subjects."""
    both = [answers(each, task) for each in (first, other)]
    right = [(each.said == each.expected).astype(float) for each in both]
    people = len(set(both[0].subjects))
    if people < 2:
        return Missing(f"{people} subject in these rows: a number needs at least 2 for its spread")
    gap = paired_difference(*right, both[0].subjects)
    return Score(gap.mean, (gap.high - gap.low) / 3.92, 2000, gap.low, gap.high)


def _class_table(context: StudyContext, clean: Scored) -> Table:
    rows = []
    for task in (SEVEN, NINETEEN):
        reason = not_askable(clean, task) if task is NINETEEN else ""
        cells = recall_of_classes(clean, task, context.size.rounds, context.seed)
        for name in task.names:
            rows.append(Row((task.name, name), {"RECALL": Missing(reason) if reason else cells[name]}))
    return Table("Each class", ("Task", "Class"), ("RECALL",), tuple(rows), note="Neutral is allowed as an answer.")


def _boundary_table(context: StudyContext, clean: Scored) -> Table:
    grid = read_card(context.bundle).grid
    rows = []
    for task, reduce in ((NINETEEN, lambda classes: classes), (SEVEN, emotions_only)):
        reason = not_askable(clean, task) if task is NINETEEN else ""
        size = context.size.rounds, context.seed
        cells = boundary_scores(clean, reduce, grid.segment_s, grid.hop_s, *size)
        rows.append(Row((task.name,), {key: Missing(reason) for key in cells} if reason else cells))
    note = (
        f"Of the moments at which the class changes, those with one of ours within a hop of {grid.hop_s:g} s, each of "
        "ours serving for one; and of ours, those that are true. A clip is judged by the window that ends with it."
    )
    return Table("Boundaries between emotions", ("Task",), BOUNDARY_COLUMNS, tuple(rows), note=note)


def _calibration_table(context: StudyContext, of: Dict[str, Scored]) -> Table:
    columns = ("calibration error", "Brier score")
    rows = []
    for name, scored in of.items():
        cells = calibration_scores(scored, context.size.rounds, context.seed)
        reason = not_askable(scored, NINETEEN)
        rows.append(Row((name,), {key: Missing(reason) for key in columns} if reason else cells))
    return Table("Calibration over all 19 classes", ("Pictures",), columns, tuple(rows), note="Lower is better.")


def _group_table(context: StudyContext, clean: Scored) -> Table:
    rows = []
    for fact, values in clean.facts.items():
        by_number = _is_number(values)
        groups = np.array([_decade(value) if by_number and value else value for value in values])
        for group in sorted(set(groups) - {""})[:_MOST_GROUPS]:
            part = clean.rows(groups == group)
            heading = (fact, str(group), str(len(set(part.subjects))))
            rows.append(Row(heading, task_scores(part, SIX, context.size.rounds, context.seed)))
    if not rows:
        reason = "the set says nothing of its people's sex, age or ethnicity"
        rows = [Row.empty(("-", "-", "-"), tuple(METRICS), reason)]
    return Table("Groups of people, 6-way", ("Fact", "Group", "Subjects"), tuple(METRICS), tuple(rows))


def _is_number(values: np.ndarray) -> bool:
    return all(value.replace(".", "", 1).isdigit() for value in set(values) - {""})


def _decade(value: str) -> str:
    start = int(float(value)) // 10 * 10
    return f"{start} to {start + 9}"


def _mixed_table(context: StudyContext, clean: Scored, memberships: np.ndarray) -> Table:
    of = {"softmax": clean.probabilities, "fuzzy memberships": memberships}
    rows = [Row((name,), mixed_scores(clean, said, context.size.rounds, context.seed)) for name, said in of.items()]
    return Table("Several emotions at once", ("Answer",), MIXED_COLUMNS, tuple(rows))


def _masked_name() -> str:
    return f"{MASKED:.0%} masked".replace("%", " %")


def _pictures(context: StudyContext, clean: Scored, masked: Scored) -> Tuple[Picture, ...]:
    pictures = []
    for task, file_name in ((SIX, "confusion_6.png"), (EIGHTEEN, "confusion_18.png")):
        if not not_askable(clean, task):
            both = {"clean": confusion(clean, task), _masked_name(): confusion(masked, task)}
            caption = f"Confusion matrices, {task.name}, clean and with {_masked_name()} of the area."
            pictures.append(Picture(draw_confusions(both, task.names, context.out / file_name), caption))
    if not not_askable(clean, NINETEEN):
        both = {"clean": clean, _masked_name(): masked}
        curves = {name: reliability(scored) for name, scored in both.items() if scored.probabilities.any()}
        path = draw_reliability(curves, context.out / "reliability.png")
        pictures.append(Picture(path, "How often the most probable class is right, by its probability."))
    return tuple(pictures)
