"""A picture of one clip: what was felt, when, how strongly, with which words, and what the face did."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Sequence, Tuple, Union

import numpy as np
from matplotlib.figure import Figure

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.evaluation.recordings.merged_windows import absent_spans, agreement, seen_share
from stf2m_ros.evaluation.recordings.narration import ABSENCE_TEXTS
from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.runtime.emotion_sequence import Modality, Run, Segment
from stf2m_ros.runtime.sequence_builder import merge_runs
from stf2m_ros.stream.timed_word import TimedWord

EMOTION_COLOURS = ("#e09f00", "#d1342f", "#2f6db5", "#4a9a3f", "#8450a8", "#12a3a8")
NEUTRAL_COLOUR = "#b9bcc0"
INK, FAINT, WARNING, ABSENT = "#22262b", "#8a9097", "#b04a00", "#ececec"
WIDTH_IN, DOTS_PER_INCH = 13.0, 100
CHARACTERS_ACROSS = 135  # small letters that fit across the picture
WORD_LANES = 4


@dataclass(frozen=True)
class Thumbnail:
    """A small picture of the person. Seconds from the clip's start; RGB (H, W, 3) uint8."""

    stamp_s: float
    image_rgb: np.ndarray


@dataclass(frozen=True)
class Timeline:
    """What is drawn. All times of segments and words are on one clock; origin_s is the clip's start on it."""

    title: str
    caveat: str
    segments: Tuple[Segment, ...]
    words: Tuple[TimedWord, ...] = ()
    thumbnails: Tuple[Thumbnail, ...] = ()
    truth: Tuple[LabelInterval, ...] = ()  # seconds from the clip's start, where it is known
    origin_s: float = 0.0

    def __post_init__(self) -> None:
        if not self.segments:
            raise ValueError("expected at least one segment to draw, found none")

    @property
    def length_s(self) -> float:
        return self.segments[-1].end_s - self.origin_s


def draw_timeline(timeline: Timeline, path: Path) -> None:
    """Write the picture as PNG. Rows from top: faces, intensities, runs, words, components, presence."""
    heights = _row_heights_in(timeline)
    figure = Figure(figsize=(WIDTH_IN, 1.5 + sum(heights)), dpi=DOTS_PER_INCH, facecolor="white")
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights, hspace=0.12)
    figure.subplots_adjust(left=0.115, right=0.91, top=1 - 0.85 / figure.get_figheight(), bottom=0.055)
    axes = [figure.add_subplot(cell) for cell in grid]
    for each in axes:
        each.set_xlim(0.0, timeline.length_s)
        _strip(each)
    _draw_heading(figure, timeline)
    rows = (_draw_thumbnails, _draw_intensities, _draw_runs, _draw_truth, _draw_words, _draw_components, _draw_presence)
    for draw, each in zip(rows, axes):
        draw(each, timeline)
    figure.savefig(path, pil_kwargs={"optimize": True})


def _row_heights_in(timeline: Timeline) -> Tuple[float, ...]:
    faces, truth = 1.0 if timeline.thumbnails else 0.02, 0.6 if timeline.truth else 0.02
    words = 0.9 if timeline.words else 0.3
    return (faces, 2.6, 0.75, truth, words, 2.6, 0.45)


def _strip(axes: Any) -> None:
    axes.tick_params(bottom=False, labelbottom=False, left=False, labelsize=8.5, colors=INK)
    for side in axes.spines.values():
        side.set_visible(False)


def _draw_heading(figure: Figure, timeline: Timeline) -> None:
    top = 1 - 0.28 / figure.get_figheight()
    figure.text(0.115, top, timeline.title, fontsize=14, weight="bold", color=INK, va="center")
    below = 1 - 0.56 / figure.get_figheight()
    figure.text(0.115, below, timeline.caveat, fontsize=9.5, color=WARNING, va="center")
    if seen_share(timeline.segments) == 0:
        figure.text(0.91, top, "NOBODY WAS SEEN", fontsize=13, weight="bold", color=WARNING, va="center", ha="right")


def _draw_thumbnails(axes: Any, timeline: Timeline) -> None:
    axes.set(ylim=(0, 1), yticks=[])
    first_s, last_s = axes.get_xlim()
    inches = axes.get_window_extent()
    half_width_s = 0.5 * inches.height / inches.width * (last_s - first_s)
    for each in timeline.thumbnails:
        centre_s = min(max(each.stamp_s, first_s + half_width_s), last_s - half_width_s)
        extent = (centre_s - half_width_s, centre_s + half_width_s, 0, 1)
        axes.imshow(each.image_rgb, extent=extent, aspect="auto", interpolation="antialiased")
    axes.set_xlim(first_s, last_s)


def _draw_intensities(axes: Any, timeline: Timeline) -> None:
    middles_s = [(each.start_s + each.end_s) / 2 - timeline.origin_s for each in timeline.segments]
    curves = np.array([_intensities_or_nan(each) for each in timeline.segments])
    peaks = np.nan_to_num(curves).max(axis=0)
    for emotion, colour in enumerate(EMOTION_COLOURS):
        axes.plot(middles_s, curves[:, emotion], color=colour, lw=2.2, solid_capstyle="round", zorder=3)
        axes.fill_between(middles_s, curves[:, emotion], color=colour, alpha=0.10, lw=0, zorder=2)
        height = 0.95 - 0.16 * emotion
        weight = "bold" if peaks[emotion] > 1 / 3 else "normal"
        axes.text(
            1.012,
            height,
            EMOTIONS[emotion],
            transform=axes.transAxes,
            color=colour,
            weight=weight,
            va="center",
            size=9.5,
        )
    axes.set_ylim(0, 1.02)
    axes.set_yticks([1 / 3, 2 / 3, 1], INTENSITIES)
    axes.grid(axis="y", color="#e3e5e8", lw=0.8)
    _shade_absence(axes, timeline)


def _intensities_or_nan(segment: Segment) -> np.ndarray:
    return segment.intensities if segment.modalities else np.full(len(EMOTIONS), np.nan)


def _shade_absence(axes: Any, timeline: Timeline, named: bool = True) -> None:
    for start_s, end_s, reason in absent_spans(timeline.segments):
        axes.axvspan(start_s - timeline.origin_s, end_s - timeline.origin_s, color=ABSENT, lw=0, zorder=0.5)
        text = ABSENCE_TEXTS[reason]
        if named and end_s - start_s > 0.012 * len(text) * timeline.length_s:
            middle_s = (start_s + end_s) / 2 - timeline.origin_s
            axes.text(middle_s, sum(axes.get_ylim()) / 2, text, ha="center", va="center", color=FAINT, size=9.5)


def _draw_runs(axes: Any, timeline: Timeline) -> None:
    axes.set(ylim=(0, 1.05), yticks=[0.5])
    axes.set_yticklabels(["emotion-change\nsequence"])
    for run in merge_runs(timeline.segments):
        _draw_run(axes, run, timeline, timeline.origin_s)
    _shade_absence(axes, timeline, named=False)


def _draw_truth(axes: Any, timeline: Timeline) -> None:
    axes.set(ylim=(0, 1.05), yticks=[0.5] if timeline.truth else [])
    if not timeline.truth:
        return
    axes.set_yticklabels(["what was acted"])
    for label in timeline.truth:
        _draw_run(axes, label, timeline, 0.0)
    share = agreement(timeline.segments, timeline.truth, timeline.origin_s)
    if share is not None:
        text = f"same emotion in\n{share:.0%} of the time"
        axes.text(1.012, 0.5, text, transform=axes.transAxes, size=8.5, va="center", color=INK)


def _draw_run(axes: Any, run: Union[Run, LabelInterval], timeline: Timeline, origin_s: float) -> None:
    start_s, width_s = run.start_s - origin_s, run.end_s - run.start_s
    neutral = run.class_index == NEUTRAL_INDEX
    level = 0 if neutral else run.class_index % len(INTENSITIES)
    colour = NEUTRAL_COLOUR if neutral else EMOTION_COLOURS[run.class_index // len(INTENSITIES)]
    height = 0.25 if neutral else (level + 1) / len(INTENSITIES)
    axes.bar(start_s, height, width_s, align="edge", color=colour, edgecolor="white", lw=1.2, zorder=3)
    name = CLASS_NAMES[run.class_index]
    room = int(width_s / timeline.length_s * CHARACTERS_ACROSS) - 1
    label = next((text for text in (name, name.split("-")[0]) if len(text) <= room), "")
    inside = height > 0.3
    axes.text(
        start_s + width_s / 2,
        height / 2 if inside else height + 0.04,
        label,
        ha="center",
        va="center" if inside else "bottom",
        size=8.5,
        color="white" if inside else INK,
        weight="bold" if inside else "normal",
        zorder=4,
    )


def _draw_words(axes: Any, timeline: Timeline) -> None:
    axes.set(ylim=(0, 1), yticks=[0.5])
    axes.set_yticklabels(["words"])
    if not timeline.words:
        axes.text(0.5, 0.5, "no words", transform=axes.transAxes, ha="center", va="center", color=FAINT, size=9.5)
    for word, lane in lanes_of_words(timeline.words, timeline.length_s / CHARACTERS_ACROSS):
        height = 1 - (lane + 0.5) / WORD_LANES
        start_s = word.start_s - timeline.origin_s
        axes.plot([start_s, word.end_s - timeline.origin_s], [height - 0.11] * 2, color="#c3c8ce", lw=1.4)
        axes.text(start_s, height, word.text, ha="left", va="center", size=8.5, color=INK, clip_on=True)


def lanes_of_words(words: Sequence[TimedWord], character_s: float) -> Tuple[Tuple[TimedWord, int], ...]:
    """Each word with a lane in which it covers no other; where all are full the word is left out."""
    free_from_s = [float("-inf")] * WORD_LANES
    placed: List[Tuple[TimedWord, int]] = []
    for word in sorted(words, key=lambda each: each.start_s):
        free = [lane for lane in range(WORD_LANES) if free_from_s[lane] <= word.start_s]
        if free:
            placed.append((word, free[0]))
            free_from_s[free[0]] = word.start_s + (len(word.text) + 1.5) * character_s
    return tuple(placed)


def _draw_components(axes: Any, timeline: Timeline) -> None:
    states = np.array([np.where(each.component_mask, each.components, np.nan) for each in timeline.segments]).T
    edges_s = [each.start_s - timeline.origin_s for each in timeline.segments] + [timeline.length_s]
    mesh = axes.pcolormesh(edges_s, np.arange(len(COMPONENTS) + 1), states, cmap="RdBu_r", vmin=-1, vmax=1, zorder=1)
    axes.set_ylim(len(COMPONENTS), 0)
    axes.set_yticks(np.arange(len(COMPONENTS)) + 0.5, [name.replace("_", " ") for name in COMPONENTS])
    _shade_absence(axes, timeline)
    bar_axes = axes.inset_axes((1.012, 0.05, 0.012, 0.9))
    bar = axes.figure.colorbar(mesh, cax=bar_axes, ticks=[-1, 0, 1])
    bar.ax.set_yticklabels(["low, narrow,\nthin", "normal", "raised, wide,\nopen, …"], size=8)
    bar.outline.set_visible(False)


def _draw_presence(axes: Any, timeline: Timeline) -> None:
    axes.set(ylim=(-1, 1), yticks=[0.5, -0.5])
    axes.set_yticklabels(["face seen", "words heard"])
    for each in timeline.segments:
        start_s, width_s = each.start_s - timeline.origin_s, each.end_s - each.start_s
        axes.bar(start_s, 0.8 * each.face_coverage, width_s, 0.1, align="edge", color="#5b8c7b")
        if each.modalities & Modality.WORDS:
            axes.bar(start_s, 0.8, width_s, -0.9, align="edge", color="#7a86a8")
    axes.text(
        1.012, 0.75, f"{seen_share(timeline.segments):.0%} of the time", transform=axes.transAxes, size=8.5, va="center"
    )
    axes.tick_params(bottom=True, labelbottom=True, color=FAINT)
    axes.xaxis.set_major_formatter("{x:g} s")
