"""How accuracy and recall hang on the membership ranges (r_c, r_k), for all classes and for anger-high.

The ranges are inputs of the bundle's window head: nothing is trained, and a frame is encoded once for all pairs.
"""

from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np
from sklearn.metrics import accuracy_score, recall_score

from stf2m_ros.emotions import NEUTRAL_INDEX, class_index
from stf2m_ros.evaluation.judging import judged_in_one_window, keep_arrays, kept_arrays
from stf2m_ros.evaluation.range_surface import draw_range_surface
from stf2m_ros.evaluation.scores.metrics import EIGHTEEN, Answers, accuracy, macro_recall, not_askable, with_spread
from stf2m_ros.evaluation.scores.scored import Scored, from_arrays, joined, to_arrays
from stf2m_ros.evaluation.scores.subject_folds import paired_difference
from stf2m_ros.evaluation.studies.accuracy import OUR_NAME
from stf2m_ros.evaluation.study import Cell, Picture, Row, Score, StudyContext, StudyResult, Table
from stf2m_ros.runtime.bundle import load_bundle, read_card
from stf2m_ros.runtime.card import BundleCard
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.rule_witness import with_rules_heard
from stf2m_ros.runtime.segment_values import SegmentValues

RANGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
RANGES_OF_SMOKE = (0.2, 0.4, 0.8)
ANGER_HIGH = class_index("anger", "high")
COLUMNS = ("ACC", "RECALL", "anger-high ACC", "anger-high RECALL")


class FuzzyRanges:
    """The paper's section VI-F. anger-high ACC: of all segments, told rightly whether it is anger-high or not."""

    name = "fuzzy_ranges"

    def run(self, context: StudyContext) -> StudyResult:
        headings = ("Methods", "r_c", "r_k")
        if context.data is None or context.bundle is None:
            row = Row.empty((OUR_NAME, "-", "-"), COLUMNS, "no data or no bundle was given")
            return StudyResult(self.name, (Table("Membership ranges", headings, COLUMNS, (row,)),))
        ranges = RANGES_OF_SMOKE if context.size.name == "smoke" else RANGES
        scored, answers = _asked(context, ranges)
        reason = not_askable(scored, EIGHTEEN)
        if reason:
            row = Row.empty((OUR_NAME, "all", "all"), COLUMNS, reason)
            return StudyResult(self.name, (Table("Membership ranges", headings, COLUMNS, (row,)),))
        emotional = scored.expected != NEUTRAL_INDEX
        expected, subjects = scored.expected[emotional], scored.subjects[emotional]
        said = {pair: found[emotional] for pair, found in answers.items()}
        rows = [
            Row((OUR_NAME, f"{pair[0]:g}", f"{pair[1]:g}"), _cells(context, Answers(expected, found, subjects)))
            for pair, found in said.items()
        ]
        fuzzy = load_bundle(context.bundle).card.fuzzy
        own = (fuzzy.component_range, fuzzy.intensity_range)
        note = f"18-way. The bundle's own ranges are ({own[0]:g}, {own[1]:g}); the paper's best are (0.4, 0.4)."
        table = Table(f"Membership ranges, {context.data.name}", headings, COLUMNS, tuple(rows), note=note)
        against = _against_own(said, expected, subjects, own)
        return StudyResult(self.name, (table, *against), _pictures(context, rows, ranges))


class EveryRange:
    """Around the window head: answers as ever, and remembers what the robot would say with each pair of ranges."""

    def __init__(self, head: Engine, pairs: List[Tuple[float, float]], card: BundleCard) -> None:
        self._head, self._pairs, self._card = head, pairs, card
        self.said: np.ndarray = np.zeros(0)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        answers = [self._said({**inputs, "fuzzy_ranges": np.array(pair, np.float32)}) for pair in self._pairs]
        self.said = np.stack(answers)  # (pairs, S, 19)
        return self._head.run(inputs)

    def _said(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        values = SegmentValues.from_head(self._head.run(inputs), self._card.temperature, rules=0)
        held = np.asarray(inputs["frame_presence"])[0] > 0
        return with_rules_heard(values, held, self._card.fuzzy.rule_share).probabilities

    def close(self) -> None:
        self._head.close()


def _asked(context: StudyContext, ranges: Tuple[float, ...]) -> Tuple[Scored, Dict[Tuple[float, float], np.ndarray]]:
    """The labelled segments, and (K,) 18-way answers to them at every pair."""
    pairs = [(first, second) for first in ranges for second in ranges]
    path = context.work / "ranges" / f"{context.cells.folder.name}-{len(ranges)}.npz"
    kept = kept_arrays(path) if path.exists() else _ask(context, pairs, path)
    said = kept.pop("said")
    return from_arrays(kept), dict(zip(pairs, said))


def _ask(context: StudyContext, pairs: List[Tuple[float, float]], path: Path) -> Dict[str, np.ndarray]:
    heads: List[EveryRange] = []
    card = read_card(context.bundle)

    def remembered(head: Engine) -> EveryRange:
        heads.append(EveryRange(head, pairs, card))
        return heads[0]

    parts, said = [], []
    for clip in judged_in_one_window(context.data, context.bundle, remembered):
        parts.append(clip.scored)
        said.append(heads[0].said[:, clip.places, :NEUTRAL_INDEX].argmax(-1))
    return keep_arrays(path, **to_arrays(joined(parts)), said=np.concatenate(said, axis=1))


def _cells(context: StudyContext, found: Answers) -> Dict[str, Cell]:
    def anger_accuracy(expected: np.ndarray, said: np.ndarray, times: np.ndarray) -> float:
        return float(accuracy_score(expected == ANGER_HIGH, said == ANGER_HIGH, sample_weight=times))

    def anger_recall(expected: np.ndarray, said: np.ndarray, times: np.ndarray) -> float:
        hit = {"sample_weight": times, "zero_division": np.nan}
        return float(recall_score(expected == ANGER_HIGH, said == ANGER_HIGH, **hit))

    metrics = dict(zip(COLUMNS, (accuracy, macro_recall, anger_accuracy, anger_recall)))
    return {name: with_spread(found, metric, context.size.rounds, context.seed) for name, metric in metrics.items()}


def _against_own(
    said: Mapping[Tuple[float, float], np.ndarray], expected: np.ndarray, subjects: np.ndarray, own: Tuple[float, float]
) -> List[Table]:
    """How much the best pair is ahead of the bundle's own: with an interval, since the best of many is lucky."""
    nearest = min(said, key=lambda pair: abs(pair[0] - own[0]) + abs(pair[1] - own[1]))
    right = {pair: (found == expected).astype(float) for pair, found in said.items()}
    best = max(right, key=lambda pair: float(right[pair].mean()))
    if len(set(subjects)) < 2:
        return []
    gap = paired_difference(right[best], right[nearest], subjects)
    row = Row(
        (f"{best[0]:g}, {best[1]:g}", f"{nearest[0]:g}, {nearest[1]:g}"),
        {"ACC": Score(gap.mean, (gap.high - gap.low) / 3.92, 2000, gap.low, gap.high)},
    )
    note = "The best was chosen on these very segments: expect less on others. 95 % bootstrap interval over subjects."
    return [Table("The best pair ahead of the bundle's own", ("best", "own, or nearest"), ("ACC",), (row,), note=note)]


def _pictures(context: StudyContext, rows: List[Row], ranges: Tuple[float, ...]) -> Tuple[Picture, ...]:
    pictures = []
    for column in COLUMNS:
        cells: List[Any] = [row.cells[column] for row in rows]
        if not all(isinstance(cell, Score) and np.isfinite(cell.mean) for cell in cells):
            continue
        heights = np.array([cell.mean for cell in cells]).reshape(len(ranges), len(ranges))
        path = context.out / f"ranges_{column.replace('-', '_').replace(' ', '_').lower()}.png"
        draw_range_surface(ranges, ranges, heights, f"{column}, {context.data.name}", path)
        caption = f"{column} by the ranges of components (r_c) and intensities (r_k). Its axis does not begin at 0."
        pictures.append(Picture(path, caption))
    return tuple(pictures)
