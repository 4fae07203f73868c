"""The figures of the few-shot study."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from stf2m_ros.baselines.catalogue import METHODS, OURS
from stf2m_ros.evaluation.laboratory.few_shot_tables import (
    AS_IS,
    SHOTS,
    ByMethod,
    Defects,
    runs_named,
    shot_kinds,
)
from stf2m_ros.evaluation.recordings.timeline import DOTS_PER_INCH

_GREYS = "#8a8f98"
_POINTS = {"marker": "o", "markersize": 4, "capsize": 2}  # a curve of a single point is seen, too
_COLOURS = ("#4a90c2", "#b07aa1", "#59a14f", "#9c755f", "#d4a017", "#5b6b7d")
_STYLES = ("-", "--")  # more methods than colours that can be told apart


def draw_shots(every: ByMethod, path: Path) -> Path:
    """One curve a method: as trained, then with K expressions of new people. PNG."""
    figure = Figure(figsize=(7.5, 4.5), dpi=DOTS_PER_INCH, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    others = [name for name in every if name != OURS]
    for name in every:
        runs = {column: runs_named(every[name], kind) for column, kind in enumerate(shot_kinds())}
        values = {
            column: [run["ACC"] for run in found] for column, found in runs.items() if len(found) == len(every[name])
        }
        if not values:
            continue
        ours, place = name == OURS, others.index(name) if name in others else 0
        axes.errorbar(
            list(values),
            [np.mean(each) for each in values.values()],
            [np.std(each) for each in values.values()],
            label=METHODS[name].title,
            color="#e0701f" if ours else _COLOURS[place % len(_COLOURS)],
            linestyle="-" if ours else _STYLES[place // len(_COLOURS) % len(_STYLES)],
            linewidth=2.5 if ours else 1.2,
            **_POINTS,
        )
    axes.set_xticks(range(len(SHOTS) + 1), ["as trained", *(f"K = {shots}" for shots in SHOTS)])
    axes.set(ylabel="accuracy", xlabel="labelled expressions of each emotion by new people")
    if axes.has_data():
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)
    axes.grid(axis="y", color=_GREYS, alpha=0.3)
    figure.savefig(path)
    return path


def draw_defects(found: Defects, path: Path) -> Path:
    """Accuracy over the amount of data, one curve for each area of defects. PNG. Source: the paper's Fig. 1a."""
    figure = Figure(figsize=(6, 4), dpi=DOTS_PER_INCH, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    shares, areas = (sorted(set(values)) for values in zip(*found))
    for area, shade in zip(areas, ("#e0701f", "#4a90c2", _GREYS)):
        values = [[run["ACC"] for run in runs_named(found[share, area], AS_IS)] for share in shares]
        if all(values):
            means, spreads = [np.mean(each) for each in values], [np.std(each) for each in values]
            axes.errorbar(shares, means, spreads, label=f"{area:.0%} of the face hidden", color=shade, **_POINTS)
    axes.set_xticks(shares, [f"{share:.0%}" for share in shares])
    axes.set(ylabel="accuracy", xlabel="share of the training data")
    if axes.has_data():
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)
    axes.grid(axis="y", color=_GREYS, alpha=0.3)
    figure.savefig(path)
    return path
