"""One set to learn from, another to be judged on: what carries over, the generated faces to real ones among them.

As it is: a bundle on each set, trained on whatever its card says. Last layer: fitted anew to one set (what a robot can
do where it stands), judged on another, or on other people of the same.
"""

from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL_INDEX, NUM_CLASSES
from stf2m_ros.evaluation.judging import judged_in_one_window, judged_name, judged_on, keep_arrays, kept_arrays
from stf2m_ros.evaluation.scores.metrics import METRICS, SIX, task_scores
from stf2m_ros.evaluation.scores.scored import Scored, from_arrays, joined, to_arrays
from stf2m_ros.evaluation.studies.accuracy import TASK_COLUMNS, task_row
from stf2m_ros.evaluation.study import Cell, EvaluationData, Missing, Row, StudyContext, StudyResult, Table, numbered
from stf2m_ros.runtime.bundle import read_card
from stf2m_ros.runtime.engine import Engine

FOLDS = 5


class Embedded(NamedTuple):
    """Judged segments, and what the last layer sees of each, (K, E)."""

    scored: Scored
    embedding: np.ndarray


class CrossDataset:
    """Needs several --data for the second table; further --bundle are further rows of the first."""

    name = "cross_dataset"

    def run(self, context: StudyContext) -> StudyResult:
        if context.data is None or context.bundle is None:
            row = Row.empty(("-", "-"), TASK_COLUMNS, "no data or no bundle was given")
            return StudyResult(self.name, (Table("As it is", ("Trained on", "Judged on"), TASK_COLUMNS, (row,)),))
        sets = (context.data, *context.other_data)
        return StudyResult(self.name, (_as_it_is(context, sets), _last_layer(context, sets)))


def _as_it_is(context: StudyContext, sets: Tuple[EvaluationData, ...]) -> Table:
    rows, bundles = [], (context.bundle, *context.other_bundles)
    cards = [read_card(bundle) for bundle in bundles]
    for bundle, card, name in zip(bundles, cards, numbered([card.name for card in cards])):
        for data in sets:
            scored, _ = judged_on(data, bundle, context.work)
            rows.append(task_row((f"{name}: {card.caveat}", data.name), scored, context.size.rounds, context.seed))
    return Table("As it is", ("Bundle", "Judged on"), TASK_COLUMNS, tuple(rows))


def _last_layer(context: StudyContext, sets: Tuple[EvaluationData, ...]) -> Table:
    headings, columns = ("Last layer fitted to", "Judged on"), tuple(METRICS)
    if len(sets) < 2:
        row = Row.empty((sets[0].name, "another set"), columns, "one --data was given; two or more are needed")
        return Table("Last layer fitted to one set, 6-way", headings, columns, (row,))
    seen = {data.name: _embedded(context, data) for data in sets}
    rows = [
        Row((one, other), _cells(seen[one], seen[other], one == other, context.size.rounds))
        for one in seen
        for other in seen
    ]
    note = f"Logistic regression on what the bundle's last layer sees. On the same set: {FOLDS} folds over its people."
    return Table("Last layer fitted to one set, 6-way", headings, columns, tuple(rows), note=note)


def _cells(one: Embedded, other: Embedded, same: bool, rounds: int) -> Dict[str, Cell]:
    """Of a pair of sets; why there are none where the one cannot be learned from."""
    try:
        return task_scores(_fitted(one, other, same), SIX, rounds, 0)
    except ValueError as error:
        return dict.fromkeys(METRICS, Missing(str(error)))


def _fitted(one: Embedded, other: Embedded, same: bool) -> Scored:
    """Answers to the other's segments with an emotion, by a last layer fitted to the first's.

    Raises ValueError where the first holds a single emotion, nobody shows one, or one person would be on both sides.
    """
    one, other = _emotional(one), _emotional(other)
    if not (len(one.scored) and len(other.scored)):
        raise ValueError("expected rows with an emotion in both sets, found one without")
    if not same:
        return _answered(one, other)
    people = len(set(one.scored.subjects))
    if people < 2:
        raise ValueError("expected two people to learn from and to be judged on, found one")
    folds = GroupKFold(min(FOLDS, people), shuffle=True, random_state=0)
    parts = []
    for train, test in folds.split(one.embedding, groups=one.scored.subjects):
        parts.append(_answered(_rows(one, train), _rows(one, test)))
    return joined(parts)


def _answered(one: Embedded, other: Embedded) -> Scored:
    emotion = one.scored.expected // len(INTENSITIES)
    if len(set(emotion)) < 2:
        raise ValueError(f"expected two emotions to learn from, found {[EMOTIONS[each] for each in set(emotion)]}")
    mean, deviation = one.embedding.mean(0), one.embedding.std(0) + 1e-6
    model = LogisticRegression(max_iter=1000, class_weight="balanced", C=0.1)
    model.fit((one.embedding - mean) / deviation, emotion)
    said = model.predict_proba((other.embedding - mean) / deviation)
    probabilities = np.zeros((len(other.scored), NUM_CLASSES))
    for column, found in enumerate(model.classes_):
        probabilities[:, len(INTENSITIES) * found + 1] = said[:, column]
    scored = other.scored
    return Scored(scored.subjects, scored.clips, scored.expected, probabilities, scored.shares, {}, scored.start_s)


def _emotional(embedded: Embedded) -> Embedded:
    return _rows(embedded, np.flatnonzero(embedded.scored.expected != NEUTRAL_INDEX))


def _rows(embedded: Embedded, chosen: np.ndarray) -> Embedded:
    return Embedded(embedded.scored.rows(chosen), embedded.embedding[chosen])


class KeptEmbedding:
    """Around the window head: remembers what its last layer saw in the newest window."""

    def __init__(self, head: Engine) -> None:
        self._head = head
        self.embedding: np.ndarray = np.zeros(0)

    def run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        outputs = self._head.run(inputs)
        self.embedding = outputs["embedding"][0]
        return outputs

    def close(self) -> None:
        self._head.close()


def _embedded(context: StudyContext, data: EvaluationData) -> Embedded:
    path = context.work / "judged" / f"{judged_name(data, context.bundle)}-embedding.npz"
    kept = kept_arrays(path) if path.exists() else _embed(context, data, path)
    embedding = kept.pop("embedding")
    return Embedded(from_arrays(kept), embedding)


def _embed(context: StudyContext, data: EvaluationData, path: Path) -> Dict[str, np.ndarray]:
    heads: List[KeptEmbedding] = []

    def remembered(head: Engine) -> KeptEmbedding:
        heads.append(KeptEmbedding(head))
        return heads[0]

    parts, embedding = [], []
    for clip in judged_in_one_window(data, context.bundle, remembered):
        parts.append(clip.scored)
        embedding.append(heads[0].embedding[clip.places])
    return keep_arrays(path, **to_arrays(joined(parts)), embedding=np.concatenate(embedding))
