"""The case study: films from several angles through the robot's whole path, face finding included, as sequences."""

from typing import Any, Dict, Iterable, Iterator, List, Tuple

import numpy as np

from stf2m_ros.data.clip import Clip, LabelInterval, TimedWord
from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.evaluation.data_choice import GENERATED
from stf2m_ros.evaluation.judging import open_recognizer, segment_labels
from stf2m_ros.evaluation.report.study_figures import Curve, draw_bars, draw_sequences
from stf2m_ros.evaluation.robot_films import Film, film
from stf2m_ros.evaluation.scores.sequences import COLUMNS, SILENT, emotions_only, sequence_scores
from stf2m_ros.evaluation.studies.accuracy import OUR_NAME
from stf2m_ros.evaluation.study import Cell, Missing, Picture, Row, Score, StudyContext, StudyResult, Table
from stf2m_ros.runtime.bundle import Bundle, load_bundle
from stf2m_ros.runtime.emotion_sequence import EmotionSequence
from stf2m_ros.runtime.recognizer import Recognizer
from stf2m_ros.stream.face_cropper import Cropper, FaceCropper, ReadyCrop
from stf2m_ros.stream.face_detectors import HaarDetector
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.settings import WindowGrid
from stf2m_ros.stream.utterance import Utterance

SETTLED, AT_ONCE = "settled", "at once"
"""When a segment is read: as soon as later context no longer changes it, as runs are; or the moment it ends."""
ANSWERS = {"18 + neutral": lambda classes: classes, "6 + neutral": emotions_only}
_SHOWN = 6
_BEGIN_S = 600.0  # on the stamp clock: a film never begins at zero
Pictures = Iterable[Tuple[float, np.ndarray]]


class Robot:
    """The paper's section VI-G: groups of clips of 30 s, seen from several angles."""

    name = "robot"

    def run(self, context: StudyContext) -> StudyResult:
        headings, read = ("Methods", "Answer", "Read"), (OUR_NAME, "all", "-")
        if context.data is None or context.bundle is None:
            row = Row.empty(read, COLUMNS, "no data or no bundle was given")
            return StudyResult(self.name, (Table("Sequences", headings, COLUMNS, (row,), as_percent=False),))
        groups = self._groups(context)
        if len(groups) < 2:
            reason = f"{context.data.name} has {len(groups)} groups of clips with a sequence of emotions; 2 are needed"
            row = Row.empty(read, COLUMNS, reason)
            return StudyResult(self.name, (Table("Sequences", headings, COLUMNS, (row,), as_percent=False),))
        grid = load_bundle(context.bundle).card.grid
        rows = [
            Row((OUR_NAME, answer, when), _scores(groups, answer, when, grid))
            for answer in ANSWERS
            for when in (SETTLED, AT_ONCE)
        ]
        note = (
            f"Mean and deviation of {len(groups)} groups. A boundary is found within one hop of {grid.hop_s:g} s; its "
            "error is the median way to the nearest of ours. A segment in which no face was found and nothing was "
            "heard is wrong. Settled: 2 s later, as runs are published; at once: the moment the segment ends."
        )
        table = Table(f"Sequences, {context.data.name}", headings, COLUMNS, tuple(rows), as_percent=False, note=note)
        facts = {"clips": sum(map(len, groups)), "seen, share": float(np.mean(_all(groups, "seen")))}
        return StudyResult(self.name, (table, _angles(groups, grid)), _pictures(context, groups, grid), (), facts)

    def _groups(self, context: StudyContext) -> List[List[Dict[str, Any]]]:
        if context.data.name == GENERATED:
            return [list(group) for group in _film_groups(context)]
        return _clip_groups(context)


def _film_groups(context: StudyContext) -> Iterator[List[Dict[str, Any]]]:
    bundle, size = load_bundle(context.bundle), context.size
    recognizer = open_recognizer(bundle, FaceCropper(HaarDetector()))
    context.cells.expect(size.groups * size.clips_per_group)
    for group in range(size.groups):
        seeds = [1000 * context.seed + group * size.clips_per_group + number for number in range(size.clips_per_group)]
        yield [
            context.cells.get(f"film-{seed}", lambda seed=seed: _judged_film(recognizer, film(seed), bundle))
            for seed in seeds
        ]
    recognizer.close()


def _judged_film(recognizer: Recognizer, shown: Film, bundle: Bundle) -> Dict[str, Any]:
    told = {"name": shown.name, "angle": shown.angle}
    return {**told, **judge_sequence(recognizer, shown.pictures(), shown.words, shown.labels, bundle.card.grid)}


def _clip_groups(context: StudyContext) -> List[List[Dict[str, Any]]]:
    """Clips of one's own whose segments are of more than one class, each person a group."""
    bundle = load_bundle(context.bundle)
    cropper: Cropper = ReadyCrop(bundle.card.preprocessing)
    recognizer, groups = open_recognizer(bundle, cropper), {}
    for clip in context.data.clips():
        expected, _ = segment_labels(clip, bundle.card.grid.segment_s)
        if clip.frames is not None and len(set(expected.tolist()) - {UNLABELLED}) > 1:
            groups.setdefault(clip.subject, []).append(_judged_clip(recognizer, clip, bundle))
    recognizer.close()
    return list(groups.values())


def _judged_clip(recognizer: Recognizer, clip: Clip, bundle: Bundle) -> Dict[str, Any]:
    pictures = zip(np.asarray(clip.frame_s, float).tolist(), clip.frames)
    told = {"name": clip.clip_id, "angle": "-"}
    return {**told, **judge_sequence(recognizer, pictures, clip.words, clip.labels, bundle.card.grid)}


def judge_sequence(
    recognizer: Recognizer,
    pictures: Pictures,
    words: Tuple[TimedWord, ...],
    labels: Tuple[LabelInterval, ...],
    grid: WindowGrid,
) -> Dict[str, Any]:
    """What was expected of each segment, and said of it when it ended and when it settled; as JSON holds it.

    Every hop is judged as it comes; a word is heard when it has been said.
    """
    expected, _ = segment_labels(Clip("", "", None, np.zeros(0), (), labels, None), grid.segment_s)
    kept = _Kept(len(expected), grid)
    recognizer.reset()
    unheard = sorted(words, key=lambda word: word.end_s)
    for stamp_s, image in pictures:
        unheard = _hear(recognizer, unheard, stamp_s)
        recognizer.push_frame(Frame(_BEGIN_S + stamp_s, lambda image=image: image))
        kept.take(recognizer)
    _hear(recognizer, unheard, float("inf"))
    end_s = len(expected) * grid.segment_s
    for hop in range(1, round(grid.settle_s / grid.hop_s) + 2):
        recognizer.pass_time(_BEGIN_S + end_s + hop * grid.hop_s)
        kept.take(recognizer)
    return {
        "expected": expected.tolist(),
        SETTLED: kept.settled.tolist(),
        AT_ONCE: kept.at_once.tolist(),
        "seen": float(kept.seen.mean()),
    }


def _hear(recognizer: Recognizer, words: List[TimedWord], until_s: float) -> List[TimedWord]:
    """Says the words that have ended; returns the others."""
    for word in words:
        if word.end_s <= until_s:
            moved = TimedWord(word.text, _BEGIN_S + word.start_s, _BEGIN_S + word.end_s)
            recognizer.push_words(Utterance(word.text, moved.start_s, moved.end_s, words=(moved,)))
    return [word for word in words if word.end_s > until_s]


class _Kept:
    """The first thing said of each segment once it has ended, and once it has settled."""

    def __init__(self, count: int, grid: WindowGrid) -> None:
        self._segment_s = grid.segment_s
        self.at_once, self.settled = np.full(count, SILENT), np.full(count, SILENT)
        self.seen = np.zeros(count)
        self._is_read, self._is_settled = np.zeros(count, bool), np.zeros(count, bool)

    def take(self, recognizer: Recognizer) -> None:
        if recognizer.is_due():
            self._add(recognizer.infer())

    def _add(self, sequence: EmotionSequence) -> None:
        for segment in sequence.segments:
            place = round((segment.start_s - _BEGIN_S) / self._segment_s)
            if not 0 <= place < len(self.settled):
                continue
            if not self._is_read[place]:
                self._is_read[place], self.at_once[place] = True, segment.class_index
                self.seen[place] = segment.face_coverage
            if segment.settled and not self._is_settled[place]:
                self._is_settled[place], self.settled[place] = True, segment.class_index


def stretch_scores(clip: Dict[str, Any], answer: str, when: str, grid: WindowGrid) -> List[Dict[str, float]]:
    """Of each stretch of the clip that is labelled throughout: what was said between them joins no two."""
    expected, said = (ANSWERS[answer](np.array(clip[part])) for part in ("expected", when))
    labelled = np.flatnonzero(np.array(clip["expected"]) != UNLABELLED)
    stretches = np.split(labelled, np.flatnonzero(np.diff(labelled) > 1) + 1)
    return [sequence_scores(expected[part], said[part], grid.segment_s, grid.hop_s) for part in stretches]


def _right(clips: List[Dict[str, Any]], answer: str, grid: WindowGrid) -> List[float]:
    """The share of the settled segments that is right, of each stretch."""
    return [each["segments right"] for clip in clips for each in stretch_scores(clip, answer, SETTLED, grid)]


def _scores(groups: List[List[Dict[str, Any]]], answer: str, when: str, grid: WindowGrid) -> Dict[str, Cell]:
    by_group = [[each for clip in group for each in stretch_scores(clip, answer, when, grid)] for group in groups]
    cells: Dict[str, Cell] = {}
    for column in COLUMNS:
        means = [np.mean(known) for group in by_group if (known := _known(group, column))]
        cells[column] = Score.of_rounds(means) if len(means) > 1 else Missing("fewer than two groups have a boundary")
    return cells


def _known(scores: List[Dict[str, float]], column: str) -> List[float]:
    return [each[column] for each in scores if not np.isnan(each[column])]


def _angles(groups: List[List[Dict[str, Any]]], grid: WindowGrid) -> Table:
    columns = ("segments right", "seen")
    clips = [clip for group in groups for clip in group]
    rows = []
    for angle in sorted({clip["angle"] for clip in clips}):
        these = [clip for clip in clips if clip["angle"] == angle]
        right = _right(these, "6 + neutral", grid)
        if len(these) < 2:
            rows.append(Row.empty((angle,), columns, "one clip: a number needs at least 2 for its spread"))
        else:
            seen = [clip["seen"] for clip in these]
            rows.append(Row((angle,), {"segments right": Score.of_rounds(right), "seen": Score.of_rounds(seen)}))
    note = "6 + neutral, settled; deviation over clips. Seen: share of the time in which the face was found."
    return Table("By angle: yaw, pitch", ("Angle",), columns, tuple(rows), note=note)


def _all(groups: List[List[Dict[str, Any]]], key: str) -> List[float]:
    return [clip[key] for group in groups for clip in group]


def _pictures(context: StudyContext, groups: List[List[Dict[str, Any]]], grid: WindowGrid) -> Tuple[Picture, ...]:
    names = [f"group {number + 1}" for number in range(len(groups))]
    bars = {}
    for answer in ANSWERS:
        right = [_right(group, answer, grid) for group in groups]
        bars[answer] = Curve(names, [np.mean(each) for each in right], [np.std(each) for each in right])
    title = f"Segments right in each group, {context.data.name}"
    path = draw_bars(bars, names, title, "share of the segments", context.out / "robot_groups.png")
    clips = [clip for group in groups for clip in group][:_SHOWN]
    rows = {clip["name"]: (np.array(clip["expected"]), np.array(clip[SETTLED])) for clip in clips}
    strips = draw_sequences(rows, grid.segment_s, context.out / "robot_sequences.png")
    return (
        Picture(path, f"{title}; settled; bars: deviation over the clips of a group."),
        Picture(strips, "Some clips: above what was felt, below what the robot published."),
    )
