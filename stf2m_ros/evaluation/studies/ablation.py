"""What each part of the method is worth: it is taken out, and the rest trained anew with the same clips and steps.

Source: paper VI-E (spatio-temporal encoder, fuzzy inference, two levels; clean, with interference, at altered speed).
The rule bases, the modalities and the training on few and partly wrong labels are ours.
"""

from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

import numpy as np

from stf2m_ros.baselines.catalogue import OURS, SINGLE_LEVEL
from stf2m_ros.evaluation.interference.altered_speed import at_altered_speed
from stf2m_ros.evaluation.interference.corruptions import Corruption
from stf2m_ros.evaluation.laboratory.conv4_head import Conv4Head
from stf2m_ros.evaluation.laboratory.encoded_data import EncodedData, with_masked_words
from stf2m_ros.evaluation.laboratory.few_labels import FEW_SHARE, WRONG_SHARE, expressions, few_with_wrong_labels
from stf2m_ros.evaluation.laboratory.few_shot_tables import cells_of, runs_named
from stf2m_ros.evaluation.laboratory.method_runs import (
    SUPPORT_SHOTS,
    WINDOWS_A_STEP,
    Laboratory,
    Run,
    ahead,
    attempted,
    average,
    judge_clips,
    open_laboratory,
    run_of,
)
from stf2m_ros.evaluation.study import Cell, Missing, Row, StudyContext, StudyResult, Table
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.fuzzy.rule_table import RuleTable
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.shipped_files import shipped

INTERFERENCE = 0.3
CLEAN_GROUP, INTERFERED, ALTERED = "A: clean", "B: 30 % interference", "C: altered speed"
GROUPS = (CLEAN_GROUP, INTERFERED, ALTERED)
EVERY_LABEL, FEW_LABELS = "all data, right labels", "20 % of the data, 30 % of the labels wrong"
TRAININGS = (FEW_LABELS, EVERY_LABEL)

Change = Callable[[TokenCache], TokenCache]


def without_words(cache: TokenCache) -> TokenCache:
    """Nobody says a word."""
    return replace(cache, tracks=tuple(replace(track, words=()) for track in cache.tracks))


def without_frames(cache: TokenCache) -> TokenCache:
    """Nobody is seen."""
    tracks = (replace(track, frame_index=np.full(len(track), -1)) for track in cache.tracks)
    return replace(cache, tracks=tuple(tracks))


@dataclass(frozen=True)
class Variant:
    """The method with one part changed. rules: of the bundle, none (fuzzy inference off), or a shipped base."""

    title: str
    method: str = OURS
    conv4: bool = False
    rules: str = "bundle"
    change: Optional[Change] = None


VARIANTS: Mapping[str, Variant] = {
    "full": Variant("ST-F2M"),
    "conv4": Variant("spatio-temporal encoder -> Conv4", conv4=True),
    "no-fuzzy": Variant("fuzzy inference off", rules="none"),
    "single-level": Variant("two levels -> single level", method=SINGLE_LEVEL),
    "paper-rules": Variant("rule base paper", rules="paper"),
    "facs-rules": Variant("rule base facs", rules="facs"),
    "no-text": Variant("text off", change=without_words),
    "no-video": Variant("video off", change=without_frames),
}


@dataclass(frozen=True)
class Ablation:
    """`evaluate ablation`. variants: of VARIANTS, "full" among them."""

    variants: Tuple[str, ...] = tuple(VARIANTS)
    name: str = "ablation"

    def run(self, context: StudyContext) -> StudyResult:
        if context.data is None or context.bundle is None:
            return StudyResult(self.name, (), facts={"reason": "needs data, and a bundle whose encoder all share"})
        runs = _Runs(context)
        context.cells.expect(len(TRAININGS) * len(self.variants) * context.size.training_rounds)
        kept = {(name, training): runs.of(name, training) for name in self.variants for training in TRAININGS}
        tables = (
            ablation_table(training, {name: kept[name, training] for name in self.variants}) for training in TRAININGS
        )
        facts = {"steps": context.size.training_steps, "windows_a_step": WINDOWS_A_STEP, "interference": INTERFERENCE}
        return StudyResult(self.name, tuple(tables), facts=facts)


def ablation_table(training: str, found: Mapping[str, List[Mapping[str, Any]]]) -> Table:
    """Accuracy in each environment, and what the part is worth there and in all of them together."""
    rows = []
    for name in found:
        cells: Dict[str, Cell] = {}
        for group in GROUPS:
            cells.update(cells_of((group,), found[name], (average,), group))
        for worth, groups in _WORTHS.items():
            full, changed = (_in_all(found[each], groups) for each in ("full", name))
            cells[worth] = Missing("the method itself") if name == "full" else ahead(full, changed)
        rows.append(Row((VARIANTS[name].title,), cells))
    note = "worth: how much more often the whole method is right, with a 95 % bootstrap interval over people."
    return Table(f"Ablation: {training}", ("Variant",), (*GROUPS, *_WORTHS), tuple(rows), note=note)


_WORTHS = {**{f"worth, {group[0]}": (group,) for group in GROUPS}, "worth, all three": GROUPS}
"""Of each column of the table, the environments that it counts together."""


def _in_all(rounds: List[Mapping[str, Any]], groups: Tuple[str, ...]) -> List[Run]:
    return [run for group in groups for run in runs_named(rounds, group)]


class _Runs:
    """What was trained and judged, kept cell by cell."""

    def __init__(self, context: StudyContext) -> None:
        self.context = context
        self._encoded: Optional[EncodedData] = None
        self._laboratory: Optional[Laboratory] = None

    def of(self, name: str, training: str) -> List[Mapping[str, Any]]:
        kind = "few" if training == FEW_LABELS else "all"

        def cell(number: int) -> Dict[str, Any]:
            return dict(attempted(lambda: self._trained_and_judged(VARIANTS[name], training, number)))

        numbers = range(self.context.size.training_rounds)
        return [self.context.cells.get(f"{kind}-{name}-{number}", lambda n=number: cell(n)) for number in numbers]

    def _trained_and_judged(self, variant: Variant, training: str, number: int) -> Dict[str, Run]:
        seed = 1000 * self.context.seed + number
        laboratory = self._changed(variant)
        change = variant.change or (lambda cache: cache)
        given, groups = self._clips(training, number, seed)
        if change is without_words and not any(track.words for track in given.tracks):
            raise ValueError("the clips have no words to leave out")
        if change is without_frames and not any(track.words for track in given.tracks):
            raise ValueError("the clips have no words to go by")
        learned = change(given)
        judge = laboratory.trained(variant.method, learned, seed).judge(
            laboratory.support(learned, SUPPORT_SHOTS, seed)
        )
        return {name: run_of(judge_clips(judge, laboratory.windows(change(clips)))) for name, clips in groups.items()}

    def _clips(self, training: str, number: int, seed: int) -> Tuple[TokenCache, Dict[str, TokenCache]]:
        """Expressions to learn from, and each environment's expressions of other people."""
        encoded, grid, study_seed = self._encoded, self._laboratory.grid, self.context.seed
        learned_from, clean = encoded.halves(number, study_seed)
        given = expressions(learned_from, grid)
        if training == FEW_LABELS:
            given = few_with_wrong_labels(given, FEW_SHARE, WRONG_SHARE, seed)
        masked = encoded.halves(number, study_seed, Corruption("block_mask", INTERFERENCE, study_seed)).judged
        groups = {
            CLEAN_GROUP: clean,
            INTERFERED: with_masked_words(masked, INTERFERENCE, study_seed),
            ALTERED: at_altered_speed(clean, seed, grid.slot_s),
        }
        return given, {name: expressions(clips, grid) for name, clips in groups.items()}

    def _changed(self, variant: Variant) -> Laboratory:
        if self._encoded is None or self._laboratory is None:  # not before: a study that is all kept encodes nothing
            self._encoded = EncodedData(self.context.data, self.context.bundle)
            self._laboratory = open_laboratory(self._encoded, self.context.bundle, self.context.size.training_steps)
        laboratory = self._laboratory
        head = Conv4Head if variant.conv4 else None
        return replace(laboratory, head=head, rules=self._rules(variant.rules, laboratory))

    def _rules(self, name: str, laboratory: Laboratory) -> RuleTable:
        if name == "bundle":
            return laboratory.rules
        if name == "none":  # rules of no emotion: nothing fires, whatever the face
            return replace(laboratory.rules, emotion=np.zeros_like(laboratory.rules.emotion))
        return load_rule_base(shipped(f"config/rules/{name}.yaml")).table(laboratory.card.fuzzy.max_rules)
