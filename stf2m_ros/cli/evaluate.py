"""`ros2 run stf2m_ros evaluate`: the paper's tables and figures, on data that anyone can point it at."""

import argparse
import logging
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

from stf2m_ros.cli.needed import missing_line
from stf2m_ros.node.early_end import ending_at_once
from stf2m_ros.shipped_files import shipped

if TYPE_CHECKING:
    from stf2m_ros.evaluation.running import Asked

OUT = Path("out") / "evaluation"
STUDIES = ("accuracy", "robustness", "few_shot", "ablation", "fuzzy_ranges", "cross_dataset", "robot", "speed")
ALL = ("smoke", "claims")
METHODS = (
    *("supervised", "maml", "fomaml", "reptile", "protonet", "relationnet", "anil", "metacrl"),
    *("rules-alone", "single-level", "st-f2m-tasks", "st-f2m"),
)
SETTINGS = ("few", "all", "labels-5", "labels-10", "defects")
DEFAULT_BUNDLE = "models/generated_faces"
_USED_BY = {
    "method": ("few_shot",),
    "setting": ("few_shot",),
    "steps": ("few_shot", "ablation"),
    "rounds": ("few_shot", "ablation"),
    "predictions": ("accuracy",),
}
"""Options that some studies alone look at."""
_STOPPED = "evaluate: stopped; the same command goes on from here"
_NEEDED = ("albumentations", "sklearn", "matplotlib", "jinja2", "rapidfuzz", "mir_eval")


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when the report stands, 1 for what the user can mend, 130 after Ctrl-C."""
    options = _options(argv)
    if missing := missing_line("evaluate", _NEEDED):
        print(missing, file=sys.stderr)
        return 1
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # nothing here asks the network
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("stf2m_ros.evaluation").setLevel(logging.INFO)
    try:
        return _evaluate(options)
    except KeyboardInterrupt:
        print(_STOPPED, file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        print(f"evaluate: {' '.join(str(error).split())}", file=sys.stderr)
        return 1


def _options(argv: Optional[List[str]]) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(argv)
    for name, studies in _USED_BY.items():
        if getattr(options, name) and options.study not in (*studies, *ALL):
            parser.error(f"--{name} is of {' and '.join(studies)}, found the study {options.study}")
    return options


def _evaluate(options: argparse.Namespace) -> int:
    started_s = time.monotonic()
    with ending_at_once(130, _STOPPED):  # after the check above, and where Ctrl-C is awaited: slow
        from stf2m_ros.evaluation.running import run_studies
        from stf2m_ros.evaluation.studies.catalogue import open_study

        asked = _asked(options)
        for name in asked.studies:
            with suppress(ImportError):  # said in the report
                open_study(name)
    for line in run_studies(asked):
        print(line, flush=True)
    print(f"{asked.out / 'index.html'}: {time.monotonic() - started_s:.0f} s")
    return 0


def _asked(options: argparse.Namespace) -> "Asked":
    from stf2m_ros.evaluation.running import Asked

    is_tiny = options.study == "smoke" or options.smoke
    names = STUDIES if options.study in ALL else (options.study,)
    return Asked(
        studies=names,
        data=tuple(options.data),
        bundles=tuple(options.bundle or [shipped(DEFAULT_BUNDLE)]),
        out=options.out or OUT / options.study,
        work=options.work or OUT / "work",
        size="smoke" if is_tiny else "claims",
        seed=options.seed,
        methods=tuple(options.method),
        settings=tuple(options.setting),
        predictions=tuple(options.predictions),
        clips=options.clips,
        training_rounds=options.rounds,
        training_steps=options.steps,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evaluate", description="Measure a bundle. Run again to go on after a stop.")
    parser.add_argument("study", choices=[*STUDIES, *ALL], help="one study; smoke: all, tiny; claims: all at full size")
    parser.add_argument(
        "--data",
        nargs="+",
        default=["generated"],
        metavar="DATA",
        help="generated, NAME:PATH of a data set, a manifest .csv or .jsonl, or a folder in the form of ckplus48; "
        "several for cross_dataset, the first for all others (default: %(default)s)",
    )
    parser.add_argument("--bundle", nargs="+", type=Path, metavar="FOLDER", help="default: the shipped one")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help=f"default: {OUT}/STUDY")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help=f"what is kept between runs; default: {OUT}/work")
    parser.add_argument("--seed", type=_seed, default=0)
    parser.add_argument("--smoke", action="store_true", help="one study, tiny")
    parser.add_argument("--clips", type=_count, metavar="N", help="generated clips to judge on; of a set 20 for each")
    parser.add_argument("--rounds", type=_rounds, metavar="N", help="draws of people and labels, of few_shot, ablation")
    parser.add_argument("--steps", type=_count, metavar="N", help="optimiser steps of a method, of few_shot, ablation")
    chosen = {"nargs": "+", "default": [], "metavar": "NAME"}
    methods, settings = ", ".join(METHODS), ", ".join(SETTINGS)
    parser.add_argument("--method", **chosen, choices=METHODS, help=f"of few_shot: {methods}; all if not given")
    parser.add_argument("--setting", **chosen, choices=SETTINGS, help=f"of few_shot: {settings}; all if not given")
    parser.add_argument(
        "--predictions",
        nargs="+",
        default=[],
        metavar="CSV",
        help="of accuracy: outside models in the same tables; a.csv+b.csv are averaged",
    )
    return parser


def _rounds(text: str) -> int:
    if not text.isdigit() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"expected 2 or more, since no number stands without its spread; found {text}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, found {text}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected 0 or more, found {text}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
