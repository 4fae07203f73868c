"""A picture of what the rules said of a data set: which classes, by which rules, when, and on what kind of face."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from stf2m_ros.data.label_table import LabelledRows
from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, INTENSITIES, NEUTRAL, NEUTRAL_INDEX, NUM_CLASSES
from stf2m_ros.evaluation.recordings.timeline import (
    ABSENT,
    DOTS_PER_INCH,
    EMOTION_COLOURS,
    INK,
    NEUTRAL_COLOUR,
    WIDTH_IN,
)
from stf2m_ros.fuzzy.components import COMPONENTS, NUM_COMPONENTS
from stf2m_ros.fuzzy.inference import NOTHING_FIRED

MOST_RULES, MOST_CLIPS = 14, 12
COLUMNS_OF_TIME = 600


@dataclass
class LabelSummary:
    """Sums over the labelled rows of a set; memory does not grow with it, but for a line for each clip drawn."""

    rule_names: Tuple[str, ...]
    classes: np.ndarray = field(default_factory=lambda: np.zeros(NUM_CLASSES, np.int64))
    without_label: int = 0
    rules: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    state_sums: np.ndarray = field(default_factory=lambda: np.zeros((len(EMOTIONS) + 1, NUM_COMPONENTS)))
    state_counts: np.ndarray = field(default_factory=lambda: np.zeros((len(EMOTIONS) + 1, NUM_COMPONENTS)))
    clips: Dict[str, np.ndarray] = field(default_factory=dict)  # emotion in each of COLUMNS_OF_TIME, -1 for none

    def __post_init__(self) -> None:
        self.rules = np.zeros(len(self.rule_names), np.int64)

    @property
    def rows(self) -> int:
        return int(self.classes.sum()) + self.without_label

    def add(self, batch: LabelledRows) -> None:
        labels = batch.labels
        times = np.bincount(labels.kind, minlength=len(labels.class_index))  # how many rows are of each kind
        named = labels.class_index != NOTHING_FIRED
        self.classes += np.bincount(labels.class_index[named], times[named], NUM_CLASSES).astype(np.int64)
        self.rules += np.bincount(labels.rule[named], times[named], len(self.rules)).astype(np.int64)
        self.without_label += int(times[~named].sum())
        emotion = labels.class_index // len(INTENSITIES)
        seen = ~np.isnan(labels.states) & named[:, None]
        np.add.at(self.state_sums, emotion[named], (np.where(seen, labels.states, 0) * times[:, None])[named])
        np.add.at(self.state_counts, emotion[named], (seen * times[:, None])[named])
        if np.isfinite(batch.time_s).all() and len(batch.time_s) > 1 and len(self.clips) < MOST_CLIPS:
            self.clips[batch.clip] = _over_time(batch.labels.classes, batch.time_s)

    def lines(self) -> List[str]:
        """For people: the rows of each class."""
        told = [
            f"{name:17} {count:8,} rows  {100 * count / max(1, self.rows):5.1f} %"
            for name, count in zip(CLASS_NAMES, self.classes.tolist())
            if count
        ]
        return [*told, *([f"{'no rule fired':17} {self.without_label:8,} rows"] if self.without_label else [])]


def _over_time(classes: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """(COLUMNS_OF_TIME,) the strongest non-neutral emotion of each column (the rarest are seen), neutral, or -1."""
    span_s = max(float(time_s.max() - time_s.min()), 1e-9)
    column = np.minimum(((time_s - time_s.min()) / span_s * COLUMNS_OF_TIME).astype(int), COLUMNS_OF_TIME - 1)
    emotion = np.where(classes == NOTHING_FIRED, -1, classes // len(INTENSITIES))
    counts = np.zeros((COLUMNS_OF_TIME, len(EMOTIONS) + 1), int)
    np.add.at(counts, (column[emotion >= 0], emotion[emotion >= 0]), 1)
    moving = counts[:, :-1].max(axis=1) > 0
    strongest = np.where(moving, counts[:, :-1].argmax(axis=1), len(EMOTIONS))
    return np.where(counts.any(axis=1), strongest, -1)


def draw_label_summary(summary: LabelSummary, title: str, path: Path) -> None:
    """Write the picture as PNG."""
    over_time = 0.3 + 0.28 * len(summary.clips) if summary.clips else 0.0
    figure = Figure(figsize=(WIDTH_IN, 7.6 + over_time), dpi=DOTS_PER_INCH, facecolor="white", layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, color=INK)
    grid = figure.add_gridspec(
        3 if summary.clips else 2, 2, height_ratios=[3.9, 2.7, *([over_time] if over_time else [])]
    )
    _draw_classes(figure.add_subplot(grid[0, 0]), summary)
    _draw_rules(figure.add_subplot(grid[0, 1]), summary)
    _draw_states(figure, figure.add_subplot(grid[1, :]), summary)
    if summary.clips:
        _draw_clips(figure.add_subplot(grid[2, :]), summary)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _colour(class_index: int) -> str:
    return NEUTRAL_COLOUR if class_index == NEUTRAL_INDEX else EMOTION_COLOURS[class_index // len(INTENSITIES)]


def _draw_classes(axes: Axes, summary: LabelSummary) -> None:
    places = np.arange(NUM_CLASSES)
    strength = [1.0 if index == NEUTRAL_INDEX else 0.45 + 0.275 * (index % 3) for index in places]
    bars = axes.barh(places, np.maximum(summary.classes, 0.5), color=[_colour(index) for index in places])
    for bar, alpha, count in zip(bars, strength, summary.classes.tolist()):
        bar.set_alpha(alpha)
        axes.text(max(count, 0.5) * 1.15, bar.get_y() + bar.get_height() / 2, f"{count:,}", va="center", fontsize=8)
    axes.set(yticks=places, xscale="log", xlim=(0.5, max(10, summary.classes.max()) * 6))
    axes.set_yticklabels(CLASS_NAMES, fontsize=8)
    axes.invert_yaxis()
    axes.set_title(f"Rows of each class, of {summary.rows:,} (logarithmic)", loc="left", fontsize=10)
    _plain(axes)


def _draw_rules(axes: Axes, summary: LabelSummary) -> None:
    order = [rule for rule in np.argsort(-summary.rules, kind="stable")[:MOST_RULES] if summary.rules[rule]]
    counts = summary.rules[order]
    axes.barh(np.arange(len(order)), counts, color="#5b6b7d")
    for place, count in enumerate(counts.tolist()):
        axes.text(count * 1.15, place, f"{count:,}", va="center", fontsize=8)
    axes.set(yticks=np.arange(len(order)), xscale="log", xlim=(0.5, max(10, counts.max(initial=1)) * 6))
    axes.set_yticklabels([summary.rule_names[rule] for rule in order], fontsize=8)
    axes.invert_yaxis()
    axes.set_title("The rule behind the label", loc="left", fontsize=10)
    _plain(axes)


def _draw_states(figure: Figure, axes: Axes, summary: LabelSummary) -> None:
    with np.errstate(invalid="ignore"):
        means = np.where(summary.state_counts > 0, summary.state_sums / np.maximum(summary.state_counts, 1), np.nan)
    image = axes.imshow(means, vmin=-1, vmax=1, cmap="RdBu_r", aspect="auto")
    for row, column in zip(*np.nonzero(~np.isnan(means))):
        ink = "white" if abs(means[row, column]) > 0.6 else INK
        value = round(float(means[row, column]), 2) + 0.0  # never "-0.00"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8, color=ink)
    axes.set(xticks=range(NUM_COMPONENTS), yticks=range(len(EMOTIONS) + 1), facecolor=ABSENT)
    axes.set_xticklabels([name.replace("_", "\n") for name in COMPONENTS], fontsize=8)
    axes.set_yticklabels([*EMOTIONS, NEUTRAL], fontsize=8)
    axes.set_title("Mean state of each facial component (grey: not known)", loc="left", fontsize=10)
    scale = figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03, ticks=(-1, 0, 1))
    scale.ax.set_yticklabels(("low, narrow,\nthin", "normal", "raised, wide,\nopen"), fontsize=8)


def _draw_clips(axes: Axes, summary: LabelSummary) -> None:
    colours = ListedColormap([ABSENT, *EMOTION_COLOURS, NEUTRAL_COLOUR])
    rows = np.stack(list(summary.clips.values())) + 1
    axes.imshow(rows, cmap=colours, vmin=-0.5, vmax=len(colours.colors) - 0.5, aspect="auto", interpolation="nearest")
    axes.set(yticks=range(len(summary.clips)), xticks=[])
    axes.set_yticklabels(list(summary.clips), fontsize=8)
    named = ", ".join(EMOTIONS)
    title = f"Over time, first to last frame ({named} in the colours above; light: no frame, or no rule)"
    axes.set_title(title, loc="left", fontsize=10)


def _plain(axes: Axes) -> None:
    axes.margins(y=0.01)
    axes.tick_params(axis="x", labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
