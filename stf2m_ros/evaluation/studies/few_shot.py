"""Few shots: little data with wrong labels, few labels of each class, K-shot curves, data against defects.

Source: the paper's Table V and Fig. 1a. Every method has the same frozen encoder, clips, steps and windows a step.
Clips are single expressions, as CK+'s sequences are; nobody is both learned from and judged.
"""

from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import numpy as np

from stf2m_ros.baselines.catalogue import OURS, chosen_methods
from stf2m_ros.evaluation.interference.corruptions import CLEAN, Corruption
from stf2m_ros.evaluation.laboratory.encoded_data import EncodedData, part_of
from stf2m_ros.evaluation.laboratory.few_labels import (
    FEW_SHARE,
    WRONG_SHARE,
    expressions,
    few_with_wrong_labels,
    most_of_one_emotion,
    shots_of_each_class,
)
from stf2m_ros.evaluation.laboratory.few_shot_pictures import draw_defects, draw_shots
from stf2m_ros.evaluation.laboratory.few_shot_tables import (
    ADAPTED,
    ALL,
    AS_IS,
    DATA_SHARES,
    DEFECT_AREAS,
    DEFECTS,
    FEW,
    LABELS_OF_EACH_CLASS,
    SHOTS,
    Rounds,
    defects_table,
    labels_tables,
)
from stf2m_ros.evaluation.laboratory.method_runs import (
    SUPPORT_SHOTS,
    WINDOWS_A_STEP,
    Laboratory,
    Run,
    attempted,
    judge_clips,
    open_laboratory,
    run_of,
)
from stf2m_ros.evaluation.study import SMOKE, Picture, StudyContext, StudyResult
from stf2m_ros.meta.token_cache import TokenCache

SETTINGS = (FEW, ALL, *LABELS_OF_EACH_CLASS, DEFECTS)
"""What matters most comes first, for a study may be stopped: few and wrong labels."""
_OF_A_TINY_STUDY = (FEW, ALL, *list(LABELS_OF_EACH_CLASS)[:1], DEFECTS)
_GIVEN_SHARE = 0.5
"""Of the judged people, those whose labelled expressions the K-shot curves adapt to."""


@dataclass(frozen=True)
class FewShot:
    """`evaluate few_shot`."""

    name: str = "few_shot"

    def run(self, context: StudyContext) -> StudyResult:
        if context.data is None or context.bundle is None:
            return StudyResult(self.name, (), facts={"reason": "needs data, and a bundle whose encoder methods share"})
        methods, runs, full = chosen_methods(context.methods), _Runs(context), context.size.name != SMOKE.name
        settings = chosen_settings(context.settings, full)
        shares, areas = (DATA_SHARES, DEFECT_AREAS) if full else (DATA_SHARES[-1:], DEFECT_AREAS[::2])  # tiny: it runs
        labels = [setting for setting in settings if setting != DEFECTS]
        runs.expect(len(methods) * len(labels) + (DEFECTS in settings) * len(shares) * len(areas))
        found = {setting: {name: runs.of(name, setting) for name in methods} for setting in labels}
        tables = [*labels_tables(found)]
        pictures = []
        context.out.mkdir(parents=True, exist_ok=True)
        if ALL in found:
            shots = draw_shots(found[ALL], context.out / "shots.png")
            pictures.append(Picture(shots, "Accuracy over the number of labelled expressions"))
        if DEFECTS in settings:
            defects = {(share, area): runs.with_defects(share, area) for share in shares for area in areas}
            tables.append(defects_table(defects))
            drawn = draw_defects(defects, context.out / "defects.png")
            pictures.append(Picture(drawn, "Amount of data against area of defects"))
        facts = {"methods": list(methods), "steps": context.size.training_steps, "windows_a_step": WINDOWS_A_STEP}
        return StudyResult(self.name, tuple(tables), tuple(pictures), ("table_v",), facts)


def chosen_settings(names: Sequence[str], full: bool) -> Tuple[str, ...]:
    """The names in the order in which they are run; all where none is given, but in a tiny study.

    Raises ValueError for one that is not there.
    """
    unknown = sorted(set(names) - set(SETTINGS))
    if unknown:
        raise ValueError(f"setting: expected some of {', '.join(SETTINGS)}, found {', '.join(unknown)}")
    of_size = SETTINGS if full else _OF_A_TINY_STUDY
    return tuple(name for name in SETTINGS if name in (names or of_size))


class _Runs:
    """What was trained and judged, kept cell by cell."""

    def __init__(self, context: StudyContext) -> None:
        self.context = context
        self._encoded: Optional[EncodedData] = None
        self._laboratory: Optional[Laboratory] = None

    def expect(self, of_each_round: int) -> None:
        self.context.cells.expect(of_each_round * self.context.size.training_rounds)

    def of(self, method: str, setting: str) -> Rounds:
        """setting: one of SETTINGS but DEFECTS."""

        def cell(number: int) -> Dict[str, Any]:
            seed = self._seed(number)
            clips, judged = self._expressions(number)
            return dict(
                attempted(
                    lambda: self._trained_and_judged(method, _given(clips, setting, seed), judged, seed, setting == ALL)
                )
            )

        return self._rounds(f"{setting}-{method}", cell)

    def with_defects(self, share: float, area: float) -> Rounds:
        """Ours, on a share of the data, with so much of every face hidden."""

        def cell(number: int) -> Dict[str, Any]:
            hidden = Corruption("block_mask", area, self.context.seed)
            clips, judged = self._expressions(number, hidden)
            seed = self._seed(number)
            few = few_with_wrong_labels(clips, share, 0.0, seed)
            return dict(attempted(lambda: self._trained_and_judged(OURS, few, judged, seed, with_shots=False)))

        return self._rounds(f"defects-{share}-{area}", cell)

    def _rounds(self, key: str, cell: Callable[[int], Dict[str, Any]]) -> Rounds:
        numbers = range(self.context.size.training_rounds)
        return [self.context.cells.get(f"{key}-{number}", lambda n=number: cell(n)) for number in numbers]

    def _seed(self, number: int) -> int:
        return 1000 * self.context.seed + number

    def _expressions(self, number: int, hidden: Corruption = CLEAN) -> Tuple[TokenCache, TokenCache]:
        if self._encoded is None or self._laboratory is None:  # not before: a study that is all kept encodes nothing
            self._encoded = EncodedData(self.context.data, self.context.bundle)
            self._laboratory = open_laboratory(self._encoded, self.context.bundle, self.context.size.training_steps)
        halves = self._encoded.halves(number, self.context.seed, hidden, hidden_in_training=True)
        training, judged = (expressions(half, self._laboratory.grid) for half in halves)
        return training, judged

    def _trained_and_judged(
        self, method: str, clips: TokenCache, judged: TokenCache, seed: int, with_shots: bool
    ) -> Dict[str, Run]:
        laboratory = self._laboratory
        trained = laboratory.trained(method, clips, seed)
        everybody = laboratory.windows(judged)
        own = laboratory.support(clips, SUPPORT_SHOTS, seed)
        runs = {
            AS_IS: run_of(judge_clips(trained.judge(None), everybody)),
            ADAPTED: run_of(judge_clips(trained.judge(own), everybody)),
        }
        given, others = _parted(judged, seed)
        if with_shots and len(others):  # a single person has nobody to be judged on
            rest = laboratory.windows(others)
            runs[f"0 {AS_IS}"] = run_of(judge_clips(trained.judge(None), rest))
            for shots in (shots for shots in SHOTS if shots <= most_of_one_emotion(given)):
                few = laboratory.support(given, shots, seed)
                runs[f"{shots} {ADAPTED}"] = run_of(judge_clips(trained.judge(few), rest))
        return runs


def _given(clips: TokenCache, setting: str, seed: int) -> TokenCache:
    """What of the clips is learned from. Raises ValueError where there is no other emotion to give wrongly."""
    if setting == FEW:
        return few_with_wrong_labels(clips, FEW_SHARE, WRONG_SHARE, seed)
    if setting in LABELS_OF_EACH_CLASS:
        return shots_of_each_class(clips, LABELS_OF_EACH_CLASS[setting], seed)
    return clips


def _parted(clips: TokenCache, seed: int) -> Tuple[TokenCache, TokenCache]:
    """The clips of the people whose labels are given, and of the others."""
    people = sorted({track.subject for track in clips.tracks})
    np.random.default_rng(seed).shuffle(people)
    count = max(1, round(_GIVEN_SHARE * len(people)))
    return part_of(clips, set(people[:count])), part_of(clips, set(people[count:]))
