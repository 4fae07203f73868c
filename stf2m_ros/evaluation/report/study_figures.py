"""The figures of the studies, as PNG: confusion matrices, reliability, curves under interference, scatter."""

from pathlib import Path
from typing import Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Patch

from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL, NEUTRAL_INDEX
from stf2m_ros.evaluation.recordings.timeline import DOTS_PER_INCH, EMOTION_COLOURS, INK, NEUTRAL_COLOUR
from stf2m_ros.evaluation.scores.calibration import Reliability

_PAPER = "#b0503a"
_LINES = ("#2a6f97", "#c8553d", "#588157", "#8d6a9f", "#d4a017", "#5b6b7d", "#e07a9f", "#9c6644")


class Curve(NamedTuple):
    """Points with their spread."""

    x: Sequence[float]
    y: Sequence[float]
    spread: Sequence[float]


class Point(NamedTuple):
    """A place in a scatter plot, with the half axes of its spread."""

    x: float
    y: float
    spread_x: float
    spread_y: float


def _figure(width_in: float, height_in: float) -> Figure:
    return Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH, facecolor="white", layout="constrained")


def _save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def draw_confusions(matrices: Mapping[str, np.ndarray], names: Sequence[str], path: Path) -> Path:
    """One matrix beside the other, each row in percent of its class. matrices: title -> (C, C) counts."""
    side = 3.2 + 0.17 * len(names)
    figure = _figure(side * len(matrices), side)
    for place, (title, counts) in enumerate(matrices.items()):
        _draw_confusion(figure.add_subplot(1, len(matrices), place + 1), title, counts, names)
    return _save(figure, path)


def _draw_confusion(axes: Axes, title: str, counts: np.ndarray, names: Sequence[str]) -> None:
    percent = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(percent, vmin=0, vmax=100, cmap="Blues")
    size = 9 if len(names) < 10 else 5.5
    for row, column in zip(*np.nonzero(percent >= 0.5)):
        ink = "white" if percent[row, column] > 55 else INK
        axes.text(column, row, f"{percent[row, column]:.0f}", ha="center", va="center", fontsize=size, color=ink)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), [f"{n} ({c})" for n, c in zip(names, counts.sum(1))], fontsize=8)
    axes.set(xlabel="said", ylabel="expected (rows)")
    axes.set_title(f"{title}, % of the row", loc="left", fontsize=10, color=INK)


def draw_reliability(curves: Mapping[str, Reliability], path: Path) -> Path:
    """How often right, by how sure."""
    figure = _figure(5.2, 4.6)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#b8bec6", linestyle="--", label="as sure as right")
    for colour, (name, curve) in zip(_LINES, curves.items()):
        axes.plot(curve.confidence, curve.right, marker="o", color=colour, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share that is right")
    return _finished(figure, axes, "Reliability", path)


def draw_curves(curves: Mapping[str, Curve], title: str, axis_names: Tuple[str, str], path: Path) -> Path:
    """Lines with their spread."""
    figure = _figure(7.2, 4.6)
    axes = figure.add_subplot()
    for place, (name, curve) in enumerate(curves.items()):
        style = "-" if place < len(_LINES) else "--"
        colour = _LINES[place % len(_LINES)]
        axes.errorbar(curve.x, curve.y, curve.spread, marker="o", capsize=3, linestyle=style, color=colour, label=name)
    axes.set(xlabel=axis_names[0], ylabel=axis_names[1])
    axes.set_ylim(bottom=0)
    return _finished(figure, axes, title, path)


def draw_bars(bars: Mapping[str, Curve], groups: Sequence[str], title: str, value_name: str, path: Path) -> Path:
    """Groups of bars with their spread; a curve holds one bar for each group, NaN for none."""
    figure = _figure(max(6.0, 1.1 * len(groups) * max(1, len(bars) / 3)), 4.6)
    axes = figure.add_subplot()
    width = 0.8 / max(1, len(bars))
    for place, (name, bar) in enumerate(bars.items()):
        at = np.arange(len(groups)) + (place - (len(bars) - 1) / 2) * width
        axes.bar(at, bar.y, width * 0.92, yerr=bar.spread, capsize=2, color=_LINES[place % len(_LINES)], label=name)
    axes.set_xticks(range(len(groups)), groups, fontsize=8)
    axes.set(ylabel=value_name)
    return _finished(figure, axes, title, path)


def draw_scatter(
    points: Mapping[str, Point],
    title: str,
    axis_names: Tuple[str, str],
    path: Path,
    paper_line: Optional[Tuple[float, str]] = None,
) -> Path:
    """Circles as large as their spread; paper_line: an x of the paper's, with its words."""
    figure = _figure(7.2, 4.6)
    axes = figure.add_subplot()
    for colour, (name, point) in zip(_LINES, points.items()):
        area = Ellipse((point.x, point.y), 2 * point.spread_x, 2 * point.spread_y, color=colour, alpha=0.3)
        axes.add_patch(area)
        axes.plot(point.x, point.y, "o", color=colour, label=name)
    if paper_line is not None:
        axes.axvline(paper_line[0], color=_PAPER, linestyle="--", label=paper_line[1])
    axes.set(xlabel=axis_names[0], ylabel=axis_names[1], ylim=(0, 1))
    axes.set_xlim(left=0)
    return _finished(figure, axes, title, path)


def _finished(figure: Figure, axes: Axes, title: str, path: Path) -> Path:
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return _save(figure, path)


def draw_sequences(clips: Mapping[str, Tuple[np.ndarray, np.ndarray]], segment_s: float, path: Path) -> Path:
    """For each clip two strips of colour over time: expected above, said below. Classes (S,), below 0 for none."""
    figure = _figure(9.0, 1.0 + 0.75 * len(clips))
    for place, (name, strips) in enumerate(clips.items()):
        axes = figure.add_subplot(len(clips), 1, place + 1)
        colours = np.stack([_strip_colours(strip) for strip in strips])
        axes.imshow(colours, aspect="auto", interpolation="nearest", extent=(0, len(strips[0]) * segment_s, 2, 0))
        axes.set_yticks([0.5, 1.5], ["felt", "said"], fontsize=8)
        axes.set_title(name, loc="left", fontsize=9, color=INK)
        axes.tick_params(axis="x", labelsize=8, labelbottom=place == len(clips) - 1)
    figure.supxlabel("seconds", fontsize=9)
    named = [Patch(color=colour, label=name) for name, colour in zip((*EMOTIONS, NEUTRAL), _emotion_colours())]
    figure.legend(handles=named, loc="outside upper center", ncols=7, fontsize=8, frameon=False)
    return _save(figure, path)


def _emotion_colours() -> Tuple[str, ...]:
    return (*EMOTION_COLOURS, NEUTRAL_COLOUR)


def _strip_colours(classes: np.ndarray) -> np.ndarray:
    """(S, 3): an emotion's colour, paler for lower levels."""
    colours = np.array([to_rgb(each) for each in _emotion_colours()])
    strength = np.where(classes == NEUTRAL_INDEX, 1.0, 0.45 + 0.275 * (classes % len(INTENSITIES)))[:, None]
    shown = colours[np.maximum(classes, 0) // len(INTENSITIES)] * strength + 1 - strength
    return np.where((classes < 0)[:, None], 1.0, shown)
