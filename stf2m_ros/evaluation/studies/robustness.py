"""How much is lost when the camera's view, the frames or the words are spoiled."""

from typing import Dict, List, Tuple

import numpy as np

from stf2m_ros.evaluation.interference.corruptions import KINDS, LEVELS, Corruption
from stf2m_ros.evaluation.judging import judged, judged_behind
from stf2m_ros.evaluation.report.study_figures import Curve, draw_curves
from stf2m_ros.evaluation.scores.metrics import EIGHTEEN, SIX, Task, accuracy, answers, not_askable, with_spread
from stf2m_ros.evaluation.scores.scored import Scored
from stf2m_ros.evaluation.studies.accuracy import OUR_NAME, ahead_of
from stf2m_ros.evaluation.study import Picture, Row, Score, StudyContext, StudyResult, Table

PAPER_LOSSES = {"fog": (0.019, 0.047), "mask": (0.052, 0.094), "distortion": (0.035, 0.064)}
"""What ST-F2M loses at 30 % and 50 % by the paper's Table IV."""
COLUMNS = tuple(f"{level:.0%}".replace("%", " %") for level in LEVELS)


class Robustness:
    """The paper's Table IV, on one's own data, with four kinds of interference more."""

    name = "robustness"

    def run(self, context: StudyContext) -> StudyResult:
        if context.data is None or context.bundle is None:
            row = Row.empty((OUR_NAME, "all"), COLUMNS, "no data or no bundle was given")
            return StudyResult(self.name, (Table("Accuracy", ("Methods", "Interference"), COLUMNS, (row,)),))
        clean, _ = judged(context)
        spoiled = {kind: self._levels(context, kind, clean) for kind in KINDS if self._applies(context, kind)}
        tables = [table for task in (SIX, EIGHTEEN) for table in _tables(context, task, clean, spoiled)]
        tables.append(_not_applied(context, [kind for kind in KINDS if kind not in spoiled]))
        pictures = _pictures(context, clean, spoiled)
        return StudyResult(
            self.name, tuple(table for table in tables if table.rows), pictures, ("table_iv",), _facts(clean)
        )

    def _levels(self, context: StudyContext, kind: str, clean: Scored) -> List[Scored]:
        found = [clean]
        for level in LEVELS[1:]:
            found.append(_aligned(judged_behind(context, Corruption(kind, level, context.seed), clean), clean))
        return found

    def _applies(self, context: StudyContext, kind: str) -> bool:
        return kind != "words" or any(clip.words for clip in context.data.clips())


def _facts(clean: Scored) -> Dict[str, int]:
    return {"segments": len(clean), "subjects": len(set(clean.subjects)), "clips": len(set(clean.clips))}


def _aligned(spoiled: Scored, clean: Scored) -> Scored:
    """The rows of the clean run; where the spoiled one has no such row (no face was found), the model is silent."""
    place = {key: row for row, key in enumerate(_keys(spoiled))}
    rows = np.array([place.get(key, -1) for key in _keys(clean)])
    probabilities = np.where((rows >= 0)[:, None], spoiled.probabilities[rows], 0.0)
    return Scored(clean.subjects, clean.clips, clean.expected, probabilities, clean.shares, clean.facts, clean.start_s)


def _keys(scored: Scored) -> List[Tuple[str, float]]:
    return [(clip, round(start_s, 3)) for clip, start_s in zip(scored.clips.tolist(), scored.start_s.tolist())]


def _tables(context: StudyContext, task: Task, clean: Scored, spoiled: Dict[str, List[Scored]]) -> List[Table]:
    reason = not_askable(clean, task)
    accuracies, losses = [], []
    for kind, levels in spoiled.items():
        heading = (OUR_NAME, kind)
        if reason:
            accuracies.append(Row.empty(heading, COLUMNS, reason))
            continue
        cells = [with_spread(answers(each, task), accuracy, context.size.rounds, context.seed) for each in levels]
        accuracies.append(Row(heading, dict(zip(COLUMNS, cells))))
        lost = [ahead_of(clean, each, task) for each in levels[1:]]
        losses.append(Row((*heading, _allowed(kind)), dict(zip(COLUMNS[1:], lost))))
    headings = ("Methods", "Interference")
    note = "Points lost against the same rows without interference; 95 % bootstrap interval over subjects."
    of = f"{task.name}, {context.data.name}"
    return [
        Table(f"Accuracy under interference ({of})", headings, COLUMNS, tuple(accuracies)),
        Table(
            f"Points lost ({of})", (*headings, "the paper loses at 30 and 50 %"), COLUMNS[1:], tuple(losses), note=note
        ),
    ]


def _allowed(kind: str) -> str:
    for part, (at_30, at_50) in PAPER_LOSSES.items():
        if part in kind:
            return f"{100 * at_30:.1f} and {100 * at_50:.1f}"
    return "-"


def _not_applied(context: StudyContext, kinds: List[str]) -> Table:
    rows = tuple(Row.empty((OUR_NAME, kind), COLUMNS, f"{context.data.name} has no words") for kind in kinds)
    return Table("Not measured", ("Methods", "Interference"), COLUMNS, rows)


def _pictures(context: StudyContext, clean: Scored, spoiled: Dict[str, List[Scored]]) -> Tuple[Picture, ...]:
    pictures = []
    for task in (SIX, EIGHTEEN):
        curves = {}
        for kind, levels in spoiled.items() if not not_askable(clean, task) else ():
            cells = [with_spread(answers(each, task), accuracy, context.size.rounds, context.seed) for each in levels]
            if all(isinstance(cell, Score) for cell in cells):
                percent = [100 * level for level in LEVELS]
                curves[kind] = Curve(percent, [cell.mean for cell in cells], [cell.spread for cell in cells])
        if curves:
            title = f"Accuracy under interference, {task.name}, {context.data.name}"
            path = context.out / f"robustness_{len(task.names)}.png"
            draw_curves(curves, title, ("level, %", "accuracy"), path)
            pictures.append(Picture(path, f"{title}; bars: deviation over draws of subjects."))
    return tuple(pictures)
