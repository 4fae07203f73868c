"""Clips through the robot's own runtime: frames and words in, judged segments out."""

import hashlib
import io
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.slots import UNLABELLED
from stf2m_ros.emotions import NUM_CLASSES
from stf2m_ros.evaluation.code_stamp import JUDGING, code_stamp
from stf2m_ros.evaluation.interference.corruptions import CLEAN, Corruption
from stf2m_ros.evaluation.scores.scored import Scored, from_arrays, joined, to_arrays
from stf2m_ros.evaluation.study import EvaluationData, StudyContext
from stf2m_ros.runtime.bundle import TEXT_TABLE_FILE, Bundle, load_bundle, read_card
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.emotion_sequence import Segment
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.recognizer import Recognizer
from stf2m_ros.stream.face_cropper import Cropper, ReadyCrop
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.utterance import Utterance
from stf2m_ros.stream.word_table import load_text_table
from stf2m_ros.whole_files import write_whole

_LOG = logging.getLogger(__name__)
HeadWrapper = Callable[[Engine], Engine]


class NothingToJudge(ValueError):
    """The data have no labelled segment, or no face is found in any of them."""


@dataclass(frozen=True)
class JudgedClip:
    """A clip's labelled segments: what was said of each, beside its label.

    memberships: (K, 18).  places: (K,) where each stands in the window that ended with the clip, counted from its end.
    """

    scored: Scored
    memberships: np.ndarray
    places: np.ndarray


class BundleJudge:
    """A bundle on ONNX Runtime, as the robot runs it. It is shown ready face crops."""

    def __init__(self, folder: Path, threads: int = 1, head: Optional[HeadWrapper] = None) -> None:
        """head: put around the window head, for studies that ask it more. Raises BundleMismatch."""
        bundle = load_bundle(folder)
        self.grid = bundle.card.grid
        self._recognizer = open_recognizer(bundle, ReadyCrop(bundle.card.preprocessing), threads, head)

    def judge(self, clip: Clip) -> JudgedClip:
        """Every labelled segment; one in which nobody was seen or heard has probabilities of 0."""
        clip = held_for_a_segment(clip, self.grid.segment_s)
        expected, shares = segment_labels(clip, self.grid.segment_s)
        segments = dict(self._segments(clip, len(expected)))
        chosen = [place for place in range(len(expected)) if expected[place] != UNLABELLED]
        nothing = np.zeros(NUM_CLASSES), np.zeros(NUM_CLASSES - 1)
        said = [(segments[p].probabilities, segments[p].memberships) if p in segments else nothing for p in chosen]
        count = len(chosen)
        scored = Scored(
            subjects=np.full(count, clip.subject),
            clips=np.full(count, clip.clip_id),
            expected=expected[chosen].astype(int),
            probabilities=np.array([each[0] for each in said]).reshape(count, NUM_CLASSES),
            shares=shares[chosen] if any(label.shares for label in clip.labels) else None,
            facts={name: np.full(count, value) for name, value in clip.facts.items() if name in GROUP_FACTS},
            start_s=np.array(chosen) * self.grid.segment_s,
        )
        memberships = np.array([each[1] for each in said]).reshape(count, NUM_CLASSES - 1)
        return JudgedClip(scored, memberships, np.array(chosen, int) - len(expected))

    def close(self) -> None:
        self._recognizer.close()

    def _segments(self, clip: Clip, count: int) -> Iterator[Tuple[int, Segment]]:
        """Number and judgement of every segment, each from a window that it ends, or that the clip or 30 s ends."""
        recognizer, grid = self._recognizer, self.grid
        recognizer.reset()
        said = list(_said_together(clip.words, grid.span_s))
        frames = list(zip(np.asarray(clip.frame_s, float), clip.frames if clip.frames is not None else ()))
        recognizer.pass_time(0.0)
        for start in range(0, count, grid.segments):
            until = min(start + grid.segments, count)
            end_s = until * grid.segment_s
            for number, words in enumerate(said):
                if start * grid.segment_s <= words[0].start_s < end_s:  # not all at once: the robot forgets the first
                    spoken = Utterance("", words[0].start_s, words[-1].end_s, words, utterance_id=str(number))
                    recognizer.push_words(spoken)
            for stamp_s, image in frames:
                if start * grid.segment_s - 1e-6 <= stamp_s < end_s - 1e-6:
                    recognizer.push_frame(Frame(float(stamp_s), lambda image=image: image))
            recognizer.pass_time(end_s)
            for segment in recognizer.infer().segments:
                number = round(segment.start_s / grid.segment_s)
                if start <= number < until and segment.modalities:
                    yield number, segment


def _said_together(words: Sequence[TimedWord], span_s: float) -> Iterator[Tuple[TimedWord, ...]]:
    """The words utterance by utterance, where they tell, and window by window: the robot believes no endless one."""
    edges = [0, *(place for place, word in enumerate(words) if place and _parted(words[place - 1], word, span_s))]
    for first, after in zip(edges, [*edges[1:], len(words)]):
        if after > first:
            yield tuple(words[first:after])


def _parted(before: TimedWord, word: TimedWord, span_s: float) -> bool:
    return word.begins or word.start_s // span_s != before.start_s // span_s


GROUP_FACTS = ("Age", "Sex", "Race", "Ethnicity", "age", "sex", "race", "ethnicity")


def open_recognizer(
    bundle: Bundle, cropper: Cropper, threads: int = 1, head: Optional[HeadWrapper] = None
) -> Recognizer:
    """The robot's recogniser on ONNX Runtime, with its own text table."""
    engines = open_onnx_engines(bundle, threads)
    window_head = engines.window_head if head is None else head(engines.window_head)
    embedding = load_text_table(bundle.path(TEXT_TABLE_FILE), bundle.card.text)
    return Recognizer(bundle, engines.frame_encoder, window_head, cropper, embedding)


def held_for_a_segment(clip: Clip, segment_s: float) -> Clip:
    """A clip shorter than a segment is shown for one whole segment: a few pictures of an apex are no flash of 0.1 s."""
    end_s = max([0.0, *(label.end_s for label in clip.labels)])
    if not clip.labels or end_s >= segment_s or clip.frames is None or len(clip.frames) == 0:
        return clip
    slots = np.arange(5)
    places = np.linspace(0, len(clip.frames) - 1, len(slots)).round().astype(int)
    labels = tuple(replace(label, end_s=segment_s if label.end_s == end_s else label.end_s) for label in clip.labels)
    return Clip(
        clip.clip_id,
        clip.subject,
        clip.frames[places],
        slots * segment_s / len(slots),
        clip.words,
        labels,
        None,
        facts=clip.facts,
    )


def segment_labels(clip: Clip, segment_s: float) -> Tuple[np.ndarray, np.ndarray]:
    """(S,) class of each segment, UNLABELLED where under half of it is labelled; (S, 19) its label as shares."""
    end_s = max([0.0, *(label.end_s for label in clip.labels)])
    count = int(np.ceil(end_s / segment_s - 1e-6))
    covered, shares = np.zeros((count, NUM_CLASSES)), np.zeros((count, NUM_CLASSES))
    starts_s = np.arange(count) * segment_s
    for label in clip.labels:
        overlap_s = np.clip(
            np.minimum(label.end_s, starts_s + segment_s) - np.maximum(label.start_s, starts_s), 0, None
        )
        covered[:, label.class_index] += overlap_s
        spread = np.asarray(label.shares) if label.shares else np.eye(NUM_CLASSES)[label.class_index]
        shares += overlap_s[:, None] * spread
    labelled = covered.sum(1) >= segment_s / 2 - 1e-6
    return np.where(labelled, covered.argmax(1), UNLABELLED), shares / np.maximum(shares.sum(1, keepdims=True), 1e-9)


def bundle_stamp(folder: Path) -> str:
    """Names a bundle by the checksums of its files and its card."""
    card = read_card(folder)
    parts = (sorted(card.files.items()), card.temperature, card.grid, card.preprocessing, card.fuzzy)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def judged_name(data: EvaluationData, bundle: Path) -> str:
    """Names what the judgements of data by a bundle depend on, the code that judges included."""
    return f"{data.name}-{data.checksum[:12]}-{bundle_stamp(bundle)}-{code_stamp(*JUDGING)}"


def judged(context: StudyContext, corruption: Corruption = CLEAN) -> Tuple[Scored, np.ndarray]:
    """All clips of the context's data through its bundle, and (K, 18) memberships; kept below context.work."""
    return judged_on(context.data, context.bundle, context.work, corruption)


def judged_behind(context: StudyContext, corruption: Corruption, clean: Scored) -> Scored:
    """The rows behind the interference; where it hides every face of the data those of the clean run, all silent."""
    try:
        return judged(context, corruption)[0]
    except NothingToJudge:
        return replace(clean, probabilities=np.zeros_like(clean.probabilities))


def judged_on(
    data: EvaluationData, bundle: Path, work: Path, corruption: Corruption = CLEAN
) -> Tuple[Scored, np.ndarray]:
    """The same for any data and bundle. Raises NothingToJudge where the data have no labelled segment."""
    what = "clean" if corruption.level == 0 else f"{corruption.kind}-{corruption.level:g}-{corruption.seed}"
    path = work / "judged" / f"{judged_name(data, bundle)}-{what}.npz"
    if not path.exists():
        _judge_all(data, bundle, corruption, path)
    kept = kept_arrays(path)
    memberships = kept.pop("memberships")
    return from_arrays(kept), memberships


def judged_in_one_window(data: EvaluationData, bundle: Path, head: HeadWrapper) -> Iterator[JudgedClip]:
    """Clip by clip, so that what `head` keeps of the newest window belongs to the clip; longer clips are left out.

    Raises ValueError where nothing is left.
    """
    judge, found = BundleJudge(bundle, head=head), 0
    try:
        for clip in data.clips():
            judged_clip = judge.judge(clip)
            if len(judged_clip.scored) and judged_clip.places.min() >= -judge.grid.segments:
                found += 1
                yield judged_clip
    finally:
        judge.close()
    if not found:
        raise ValueError(f"{data.name}: expected labelled clips of at most {judge.grid.span_s:g} s, found none")


def keep_arrays(path: Path, **arrays: np.ndarray) -> Dict[str, np.ndarray]:
    """Writes them whole or not at all; returns them as they would be read. Raises OSError naming the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_whole(path, content.getbuffer())
    return kept_arrays(path)


def kept_arrays(path: Path) -> Dict[str, np.ndarray]:
    """What keep_arrays wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _judge_all(data: EvaluationData, bundle: Path, corruption: Corruption, path: Path) -> None:
    judge = BundleJudge(bundle)
    parts: List[JudgedClip] = []
    try:
        for clip in data.clips(corruption):
            parts.append(judge.judge(clip))
    finally:
        judge.close()
    if not sum(len(part.scored) for part in parts):
        raise NothingToJudge(f"{data.name}: expected labelled clips, found none")
    rows = to_arrays(joined([part.scored for part in parts]))
    keep_arrays(path, **rows, memberships=np.concatenate([part.memberships for part in parts]))
    _LOG.info(
        "judged %s: %d segments of %d clips, %s at %g",
        data.name,
        sum(len(p.scored) for p in parts),
        len(parts),
        corruption.kind,
        corruption.level,
    )
