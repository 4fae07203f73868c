"""Frames and words of one person in, an emotion sequence out: what the node, replay and benchmarks all run."""

import logging
from typing import Optional, Tuple

import numpy as np

from stf2m_ros.runtime.bundle import Bundle
from stf2m_ros.runtime.bundle_engines import token_rows
from stf2m_ros.runtime.due_windows import DueWindows
from stf2m_ros.runtime.emotion_sequence import EmotionSequence
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.face_finder import FaceFinder
from stf2m_ros.runtime.segment_evidence import WindowEvidence
from stf2m_ros.runtime.segment_values import SegmentValues
from stf2m_ros.runtime.sequence_builder import build_segments, merge_runs
from stf2m_ros.runtime.token_store import HostTokens, TokenStore
from stf2m_ros.runtime.window_judge import WindowJudge
from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.face_cropper import Cropper
from stf2m_ros.stream.face_observation import Box, FaceAbsent, FaceFound
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.segment_text import segment_text
from stf2m_ros.stream.slot_chooser import ChosenFrame, SlotChooser
from stf2m_ros.stream.slot_grid import ClockJumpedBack
from stf2m_ros.stream.text_embedding import TextEmbedding
from stf2m_ros.stream.time_window import TimeWindow
from stf2m_ros.stream.transcript import Heard, Transcript, Utterance

_LOG = logging.getLogger(__name__)
_THROTTLED = {"throttle_s": 10.0}  # two cameras on one topic jump with every image
_LATE_WORDS_S = 30.0  # words are kept this much longer than the window: a correction may still bring them into it
_AHEAD_S = 30.0  # far more than images come later than words: time would come to where these lie, and take them for new


class Recognizer:
    """Composes the stream and the two engines. One thread uses it; time is what the stamps say."""

    def __init__(
        self,
        bundle: Bundle,
        frame_encoder: Engine,
        window_head: Engine,
        cropper: Cropper,
        text_embedding: TextEmbedding,
        transcript: Optional[Transcript] = None,
        tokens: Optional[TokenStore] = None,
    ) -> None:
        """frame_encoder, window_head: closed with this. text_embedding: of the card's dim.

        transcript: where its limits or speaker are not the defaults. tokens: where the window's tokens are not kept in
        this machine's memory; it runs the engines then.
        """
        card = bundle.card
        if text_embedding.dim != card.text.dim:
            raise ValueError(f"text_embedding: expected {card.text.dim} values a word, found {text_embedding.dim}")
        self._grid, self._text_settings = card.grid, card.text
        self._engines = (frame_encoder, window_head)
        self._face_finder = FaceFinder(card.preprocessing, cropper)
        if tokens is None:
            tokens = HostTokens(frame_encoder, window_head, token_rows(card))
        self._tokens = tokens
        self._judge = WindowJudge(bundle, tokens)
        self._text_embedding = text_embedding
        self._transcript = transcript if transcript is not None else Transcript()
        self._chooser = SlotChooser(card.grid)
        self._window = TimeWindow(card.grid)
        self._due = DueWindows(card.grid)
        self._track_id = 0
        self.clock_jumps = 0  # how often time ran backwards
        self.reset()

    @property
    def slot_s(self) -> float:
        """Of how long a stretch one image is chosen."""
        return self._grid.slot_s

    def push_frame(self, frame: Frame) -> None:
        """Takes one camera image in, in the order of arrival; it is read only if it is the best of its slot."""
        try:
            chosen = self._chooser.offer(frame)
        except ClockJumpedBack as jump:
            if self._image_came:
                _LOG.warning("time ran backwards, the window starts anew: %s", jump, extra=_THROTTLED)
                self.clock_jumps += 1
            else:  # so far time passed by another clock, for want of images
                _LOG.info("the first image came, by another clock than was known: %s", jump, extra=_THROTTLED)
            self.reset()
            self._window_reset = True
            chosen = self._chooser.offer(frame)
        self._image_came = True
        self._look_at(chosen)
        self._advance_to(frame.stamp_s)

    def push_words(self, utterance: Utterance) -> Heard:
        """Takes a stretch of speech in, however late; returns what was made of it."""
        ahead_s = utterance.start_s - self._newest_s
        if _AHEAD_S < ahead_s < float("inf"):  # before the first stamp nobody knows
            return Heard(0, f"passed over: {ahead_s:.0f} s ahead of the images, by another clock?")
        return self._transcript.add(utterance)

    def pass_time(self, stamp_s: float) -> None:
        """Time goes on without images. stamp_s: on the clock of the image stamps; one of the past changes nothing."""
        if stamp_s > self._newest_s:
            self._look_at(self._chooser.pass_time(stamp_s))
            self._advance_to(stamp_s)

    def is_due(self) -> bool:
        """Whether a window has ended since the last infer()."""
        return self._due.is_due()

    def infer(self) -> EmotionSequence:
        """Judges the due window; if several are due, the newest. Raises RuntimeError when none is."""
        arrays = self._window.assemble(self._due.take())
        self._transcript.forget_before(arrays.start_s - _LATE_WORDS_S)
        words = self._transcript.words_between(max(arrays.start_s, self._words_since_s), arrays.end_s)
        grid, looked_up = self._grid, self._text_settings
        text = segment_text(words, self._text_embedding, arrays.start_s, grid.segments, grid.segment_s, looked_up)
        values = self._judge.judge(arrays, text)
        absence = self._silence_after_start(arrays.start_s, arrays.absence)
        return self._sequence(WindowEvidence(arrays.start_s, arrays.end_s, absence, text), values)

    def reset(self) -> None:
        """Forgets every frame, word and face."""
        self._face_finder.reset()
        self._transcript.reset()
        self._chooser.reset()
        self._due.reset()
        self._forget_window()
        self._words_since_s = float("-inf")
        self._newest_s = float("-inf")
        self._first_s = float("inf")
        self._image_came = self._window_reset = False

    def close(self) -> None:
        """Gives the engines back, on the thread that used them."""
        for engine in self._engines:
            engine.close()

    def _forget_window(self) -> None:
        self._window.reset()
        self._face_box: Optional[Box] = None
        self._newest_data_s: Optional[float] = None

    def _advance_to(self, stamp_s: float) -> None:
        self._first_s = min(self._first_s, stamp_s)
        self._newest_s = max(self._newest_s, stamp_s)
        self._due.advance_to(stamp_s)

    def _look_at(self, chosen: Optional[ChosenFrame]) -> None:
        if chosen is None:
            return
        stamp_s = chosen.frame.stamp_s
        look = self._face_finder.look(chosen.frame)
        if look.faces is not None:
            self._take_up(stamp_s, look.observation)
            self._keep(stamp_s, look.faces)
        else:
            self._miss(stamp_s, look.observation)
        self._newest_data_s = stamp_s

    def _take_up(self, stamp_s: float, found: FaceFound) -> None:
        if found.switched:
            _LOG.info("another person is followed from %.3f s on, track %d", stamp_s, found.track_id)
            self._forget_window()
            self._first_s = stamp_s
            self._words_since_s = stamp_s  # what was said before is not this person's
            self._window_reset = True
        self._track_id = found.track_id
        self._face_box = found.box

    def _keep(self, stamp_s: float, faces: np.ndarray) -> None:
        row = self._window.put(stamp_s)
        if row is not None:
            self._tokens.encode(faces, row)

    def _miss(self, stamp_s: float, absent: FaceAbsent) -> None:
        self._face_box = None
        self._window.put_absence(stamp_s, absent.reason)

    def _silence_after_start(self, start_s: float, absence: np.ndarray) -> np.ndarray:
        """(T,) reasons, where a camera that has sent nothing since the first stamp is silent, not starting."""
        filling = absence == AbsenceReason.WINDOW_FILLING
        if not filling.any():
            return absence
        slots_s = start_s + np.arange(self._grid.slots) * self._grid.slot_s
        silent = filling & (slots_s >= self._first_s)
        return np.where(silent, AbsenceReason.NO_IMAGES, absence).astype(np.uint8)

    def _sequence(self, window: WindowEvidence, values: SegmentValues) -> EmotionSequence:
        segments = build_segments(window, values, self._grid)
        newest = segments[-1]
        was_reset, self._window_reset = self._window_reset, False
        return EmotionSequence(
            stamp_s=window.end_s if self._newest_data_s is None else min(self._newest_data_s, window.end_s),
            window_start_s=window.start_s,
            window_end_s=window.end_s,
            track_id=self._track_id,
            face_box=_whole_pixels(self._face_box),
            window_reset=was_reset,
            present=newest.face_coverage > 0,
            absence=newest.absence,
            segments=segments,
            runs=merge_runs(segments),
        )


def _whole_pixels(box: Optional[Box]) -> Optional[Tuple[int, int, int, int]]:
    if box is None:
        return None
    x, y, width, height = (round(side) for side in box)
    return x, y, width, height
