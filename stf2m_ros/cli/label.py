"""`ros2 run stf2m_ros label`: the fuzzy rules label faces by their action units or landmarks; nothing is trained."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from stf2m_ros.data.label_table import LabelledRows, write_labels
from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.data.sets.broken import LeftOut
from stf2m_ros.data.sets.catalogue import BY_RULES, NAMES, open_data_set
from stf2m_ros.data.sets.class_counts import count_classes
from stf2m_ros.data.sets.disfa import UNITS, Disfa, ScoredFrames
from stf2m_ros.data.sets.disfa_list import DisfaList
from stf2m_ros.data.sets.labelled import label_scored, labelled_rows
from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.fuzzy.rule_base import RuleBase, load_rule_base
from stf2m_ros.node.early_end import ending_at_once
from stf2m_ros.shipped_files import shipped

if TYPE_CHECKING:
    from stf2m_ros.evaluation.label_summary import LabelSummary

DEFAULT_RULES = "config/rules/facs.yaml"
LABELLED = (*BY_RULES, "manifest")
READING_AND_RULES = "reading and rules"
_STOPPED = "label: stopped; nothing was written"


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when the labels stand, 1 for what the user can mend, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print(_STOPPED, file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError) as error:
        print(f"label: {error}", file=sys.stderr)
        return 1


def _label(options: argparse.Namespace) -> int:
    rules = load_rule_base(options.rules or shipped(DEFAULT_RULES))
    how = _labelling(rules, options)
    left_out = LeftOut(options.skip_broken)
    data_set = open_data_set(options.set, options.path, left_out, how)
    table, picture = (options.out / f"{options.set}_fer{suffix}" for suffix in (".csv", ".png"))
    summary, figures, watch = _summary(rules), _DisfaFigures(), _Stopwatch()
    scored = isinstance(data_set, (Disfa, DisfaList))
    batches = _scored_batches(data_set, how, watch, figures) if scored else labelled_rows(data_set, how)
    rows = write_labels(table, _summed(batches, summary, watch), how)
    watch.lap("writing")
    if not rows:
        print("".join(f"{line}\n" for line in left_out.lines()), end="", file=sys.stderr)
        raise ValueError(f"{options.path}: expected faces to label, found none")
    print(f"{rows:,} rows labelled by the rules {rules.name!r} ({rules.source})")
    print("\n".join([*summary.lines(), *figures.lines(), *left_out.lines(), *watch.lines(rows)]))
    _draw(summary, f"{data_set.name} labelled by the rules {rules.name!r}", picture)
    print(f"labels: {table}\npicture: {picture}")
    return 0


def _count(options: argparse.Namespace) -> int:
    left_out = LeftOut(options.skip_broken)
    how = _labelling(load_rule_base(options.rules or shipped(DEFAULT_RULES)), options)
    counts = count_classes(open_data_set(options.set, options.path, left_out, how).recordings())
    print("\n".join([*counts.lines(), *left_out.lines()]))
    return 0


def _labelling(rules: RuleBase, options: argparse.Namespace) -> RuleLabelling:
    return RuleLabelling(rules.table(None), options.component_range, options.intensity_range)


def _scored_batches(
    data_set: Union[Disfa, DisfaList], how: RuleLabelling, watch: "_Stopwatch", figures: "_DisfaFigures"
) -> Iterator[LabelledRows]:
    for frames in data_set.scored_frames():
        watch.lap("reading")
        batch = label_scored(frames, how)
        watch.lap("rules")
        figures.add(frames, batch)
        watch.lap("counting")
        yield batch


def _summed(
    batches: Iterator[LabelledRows],
    summary: "LabelSummary",
    watch: "_Stopwatch",
) -> Iterator[LabelledRows]:
    for batch in batches:
        watch.lap(READING_AND_RULES)
        summary.add(batch)
        watch.lap("counting")
        yield batch
        watch.lap("writing")


class _Stopwatch:
    """Where the seconds went: by the clock, and of the processor, which no other program's work lengthens."""

    def __init__(self) -> None:
        self._spent: Dict[str, np.ndarray] = {}
        self._last = self._now()

    @staticmethod
    def _now() -> np.ndarray:
        return np.array([time.perf_counter(), time.process_time()])

    def lap(self, name: str) -> None:
        now = self._now()
        self._spent[name] = self._spent.get(name, np.zeros(2)) + now - self._last
        self._last = now

    def lines(self, rows: int) -> List[str]:
        parts = ", ".join(f"{name} {1000 * spent[0]:.0f} ms" for name, spent in self._spent.items() if spent[0] > 5e-4)
        lines = [f"rows a second: {_rates(rows, sum(self._spent.values()))} ({parts})"]
        if "rules" in self._spent:
            labelling = self._spent["rules"] + self._spent["writing"]
            lines.append(f"rows a second, rules and writing alone: {_rates(rows, labelling)}")
        return lines


def _rates(rows: int, spent: np.ndarray) -> str:
    by_clock, by_processor = rows / np.maximum(spent, 1e-9)
    return f"{by_clock:,.0f} by the clock, {by_processor:,.0f} by processor time"


class _DisfaFigures:
    """What anybody who knows action units would check first."""

    def __init__(self) -> None:
        self._hits: Dict[str, Tuple[int, int]] = {}

    def add(self, frames: ScoredFrames, batch: LabelledRows) -> None:
        unit = dict(zip(UNITS, frames.scores.T))
        classes = batch.labels.classes
        emotion = classes // len(INTENSITIES)
        still = ~frames.scores.any(axis=1)
        self._add("rows without any action unit that are neutral", still, classes == NEUTRAL_INDEX)
        smile = (unit[12] >= 3) & (unit[4] == 0)
        self._add("rows with AU12 >= 3 and AU4 = 0 that are happiness", smile, emotion == EMOTIONS.index("happiness"))
        self._add("rows with AU9 >= 3 that are disgust", unit[9] >= 3, emotion == EMOTIONS.index("disgust"))

    def _add(self, what: str, of: np.ndarray, hit: np.ndarray) -> None:
        hits, count = self._hits.get(what, (0, 0))
        self._hits[what] = hits + int((of & hit).sum()), count + int(of.sum())

    def lines(self) -> List[str]:
        return [
            f"{what}: {hits:,} of {count:,}" + (f", {100 * hits / count:.2f} %" if count else "")
            for what, (hits, count) in self._hits.items()
        ]


def _summary(rules: RuleBase) -> "LabelSummary":
    try:
        with ending_at_once(130, _STOPPED):
            from stf2m_ros.evaluation.label_summary import LabelSummary  # after the arguments: matplotlib is slow
    except ImportError as error:
        raise RuntimeError(f"{error.name} not found, which draws the picture; pip install matplotlib") from error
    return LabelSummary(rules.table(None).names)


def _draw(summary: "LabelSummary", title: str, path: Path) -> None:
    from stf2m_ros.evaluation.label_summary import draw_label_summary

    draw_label_summary(summary, title, path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="label", description="Label faces by fuzzy rules, or count a set's labels.")
    commands = parser.add_subparsers(required=True, metavar="disfa|wflw|manifest|count")
    described = {
        "disfa": "DISFA's folder, or one of its pair of lists: labels from action units",
        "wflw": "WFLW's folder, list_98pt_rect_attr_train.txt or COCO-style .json: labels from 98 landmarks",
        "manifest": "your own recordings: labels from the action_units or landmarks that a .csv or .jsonl names",
    }
    for name in LABELLED:
        command = commands.add_parser(name, help=described[name])
        command.add_argument("path", type=Path, help=described[name])
        command.add_argument("--out", type=Path, default=Path("out") / "labels", help="folder for table and picture")
        command.set_defaults(run=_label, set=name)
        _add_common(command)
    count = commands.add_parser("count", help="print how many clips and labels of each class any data set has")
    count.add_argument("set", choices=sorted(NAMES))
    count.add_argument("path", type=Path, help="where it stands")
    count.set_defaults(run=_count)
    _add_common(count)
    return parser


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--rules", type=Path, help="YAML file of rules; the shipped facs.yaml if not given")
    command.add_argument(
        "--component-range",
        type=float,
        default=RuleLabelling.component_range,
        help="membership range r_c (%(default)s)",
    )
    command.add_argument(
        "--intensity-range",
        type=float,
        default=RuleLabelling.intensity_range,
        help="membership range r_k (%(default)s)",
    )
    command.add_argument("--skip-broken", action="store_true", help="leave broken files out, and list them")


if __name__ == "__main__":
    sys.exit(main())
