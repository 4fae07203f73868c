"""Runs studies one after another and writes their report after each: what was measured stands, whatever comes."""

import logging
import platform
import time
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Dict, Iterator, List, Optional, Tuple

from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.evaluation.code_stamp import STUDYING, code_stamp
from stf2m_ros.evaluation.data_choice import open_data, told_apart
from stf2m_ros.evaluation.judging import bundle_stamp
from stf2m_ros.evaluation.report.writing import PAGE, write_report
from stf2m_ros.evaluation.studies.catalogue import open_study
from stf2m_ros.evaluation.study import (
    CLAIMS,
    SMOKE,
    Cells,
    EvaluationData,
    Row,
    StudyContext,
    StudyResult,
    StudySize,
    Table,
    numbered,
)
from stf2m_ros.runtime.bundle import load_bundle, read_card
from stf2m_ros.whole_files import room_in

_LOG = logging.getLogger(__name__)
_SIZES = {size.name: size for size in (SMOKE, CLAIMS)}
_LIBRARIES = ("stf2m_ros", "numpy", "opencv-python-headless", "onnxruntime", "albumentations", "scikit-learn", "torch")


@dataclass(frozen=True)
class Asked:
    """What a command line asks for. clips, training_rounds, training_steps: instead of the size's own numbers."""

    studies: Tuple[str, ...]
    data: Tuple[str, ...]
    bundles: Tuple[Path, ...]
    out: Path
    work: Path
    size: str = SMOKE.name
    seed: int = 0
    methods: Tuple[str, ...] = ()
    settings: Tuple[str, ...] = ()
    predictions: Tuple[str, ...] = ()
    clips: Optional[int] = None
    training_rounds: Optional[int] = None
    training_steps: Optional[int] = None

    @property
    def study_size(self) -> StudySize:
        given = {name: getattr(self, name) for name in ("clips", "training_rounds", "training_steps")}
        return replace(_SIZES[self.size], **{name: number for name, number in given.items() if number is not None})


def run_studies(asked: Asked) -> Iterator[str]:
    """Yields a line for people after each study.

    Raises ValueError or OSError for data or bundles that are none, and where a study failed: one alone leaves no
    report; of several the others go on, and the report says why.
    """
    labelling = _labelling(asked.bundles[0])
    data = told_apart([open_data(text, asked.study_size, asked.work, labelling) for text in asked.data])
    for option, folder in (("--out", asked.out), ("--work", asked.work)):
        _expect_writable(option, folder)
    run = run_facts(asked, data)
    results: List[StudyResult] = []
    failed: List[str] = []
    for number, name in enumerate(asked.studies, start=1):
        _LOG.info("%s: study %d of %d", name, number, len(asked.studies))
        started_s = time.monotonic()
        try:
            with room_in(asked.out):
                result = _run(name, _context(name, asked, data))
        except (ValueError, OSError) as error:
            if len(asked.studies) == 1:  # nothing was measured: a former report stays as it is
                raise
            failed.append(name)
            result = _unmeasured(name, " ".join(str(error).split()))
        results.append(result)
        with room_in(asked.out):
            write_report(asked.out, results, run)
        told = "failed" if name in failed else f"{len(result.tables)} tables, {len(result.pictures)} figures"
        yield f"{name}: {told}, {_took(started_s)}"
    if failed:
        raise ValueError(f"{', '.join(failed)} failed of {len(results)} studies; {asked.out / PAGE} says why")


def _expect_writable(option: str, folder: Path) -> None:
    """Said now, not after a study."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"{option}: expected a folder that can be written to, found {error}") from error


def run_facts(asked: Asked, data: List[EvaluationData]) -> Dict[str, Any]:
    """Everything that the numbers depend on."""
    size = asked.study_size
    facts: Dict[str, Any] = {"size": asked.size, "seed": asked.seed, "rounds": size.rounds}
    facts["rounds of studies that train"] = size.training_rounds
    for each in data:
        facts[f"data {each.name}"] = f"sha256 {each.checksum}"
    cards = [read_card(folder) for folder in asked.bundles]
    names = numbered([f"bundle {card.name} {card.model_version}" for card in cards])
    for folder, card, name in zip(asked.bundles, cards, names):
        facts[name] = f"sha256 {bundle_stamp(folder)} ({card.caveat})"
    facts["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
    facts.update({library: found for library in _LIBRARIES if (found := _version(library))})
    return facts


def _context(name: str, asked: Asked, data: List[EvaluationData]) -> StudyContext:
    first, *others = data
    bundle, *other_bundles = asked.bundles
    size = f"{asked.size}-{asked.study_size.training_steps}"  # sizes change from version to version
    made_by = code_stamp(*STUDYING)
    key = f"{first.name}-{first.checksum[:12]}-{bundle_stamp(bundle)}-{made_by}-{size}-{asked.seed}"
    return StudyContext(
        data=first,
        bundle=bundle,
        out=asked.out / name,
        work=asked.work,
        cells=Cells(asked.work / "cells" / name / key),
        size=asked.study_size,
        seed=asked.seed,
        methods=asked.methods,
        settings=asked.settings,
        other_data=tuple(others),
        other_bundles=tuple(other_bundles),
        predictions=asked.predictions,
    )


def _run(name: str, context: StudyContext) -> StudyResult:
    """What is not installed leaves an empty row with the reason. Raises ValueError or OSError where the study fails."""
    try:
        return open_study(name).run(context)
    except ImportError as error:
        return _unmeasured(name, f"{error.name or error} is not installed")


def _unmeasured(name: str, reason: str) -> StudyResult:
    _LOG.warning("%s: %s", name, reason)
    return StudyResult(name, (Table(name, ("Methods",), ("ACC",), (Row.empty((name,), ("ACC",), reason),)),))


def _labelling(folder: Path) -> RuleLabelling:
    """Sets without emotions of their own are labelled by the bundle's rules."""
    bundle = load_bundle(folder)
    return RuleLabelling(bundle.rules, bundle.card.fuzzy.component_range, bundle.card.fuzzy.intensity_range)


def _took(started_s: float) -> str:
    return f"{time.monotonic() - started_s:.0f} s"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
