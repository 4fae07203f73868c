"""The one thread that builds, feeds and frees the recogniser, so that callbacks never wait for the model."""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Any, Callable, Deque, List, Optional, Protocol

import numpy as np

from stf2m_ros.runtime.emotion_sequence import EmotionSequence
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.slot_grid import slot_of
from stf2m_ros.stream.transcript import Heard
from stf2m_ros.stream.utterance import Utterance

PASS_TIME_AFTER_S = 0.6
"""Time passes by the clock only when no image brought it for so long: more than a late image is late."""
TICK_S = 0.1
MAX_UTTERANCES = 100
"""Texts that may wait, for the node and then for the worker; of more at once the first are lost."""
_LOG = logging.getLogger(__name__)
_THROTTLED = {"throttle_s": 10.0}  # what goes wrong once mostly does so with every message


class FedRecognizer(Protocol):
    """What the worker needs of runtime.recognizer.Recognizer."""

    clock_jumps: int

    @property
    def slot_s(self) -> float: ...

    def push_frame(self, frame: Frame) -> None: ...

    def push_words(self, utterance: Utterance) -> Heard: ...

    def pass_time(self, stamp_s: float) -> None: ...

    def is_due(self) -> bool: ...

    def infer(self) -> EmotionSequence: ...

    def reset(self) -> None: ...


class Loaded(Protocol):
    """A recogniser and what must be closed with it; see recognizer_loading.py."""

    @property
    def recognizer(self) -> FedRecognizer: ...

    def tend(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class WorkerCounts:
    """What happened since the node was activated."""

    frames_received: int = 0
    frames_dropped: int = 0  # replaced by a newer one before the worker was free
    frames_read: int = 0  # chosen for a slot: converted and looked at
    sequences: int = 0
    failures: int = 0
    last_inference_ms: float = 0.0
    last_failure: str = ""
    last_failure_s: float = float("-inf")  # when, on time.monotonic's clock
    clock_jumps: int = 0  # how often time ran backwards, and the window began anew
    last_clock_jump_s: float = float("-inf")  # when, on time.monotonic's clock
    last_unreadable: str = ""  # what was wrong with the newest image that could not be read


class RecognizerWorker:
    """Owns the recogniser. Everything that touches it, from its building to its freeing, runs on one thread.

    GPU contexts belong to the thread that made them, so this is more than tidiness.
    """

    def __init__(
        self,
        build: Callable[[], Loaded],
        on_sequence: Callable[[EmotionSequence], None],
        stamp_now: Callable[[], float],
    ) -> None:
        """stamp_now: the time on the clock of the image stamps. on_sequence is called on the worker's thread."""
        self._build, self._on_sequence, self._stamp_now = build, on_sequence, stamp_now
        self._changed = threading.Condition()
        self._frame: Optional[Frame] = None  # what the worker is woken for
        self._slot: Optional[int] = None  # of the newest such frame
        self._settled: Optional[int] = None  # a slot of which no nearer frame comes
        self._held: Optional[Frame] = None  # of the same slot, nearest to its centre: worth no waking
        self._utterances: Deque[Utterance] = deque(maxlen=MAX_UTTERANCES)
        self._active = self._reset_wanted = self._stopping = self._busy = False
        self._loaded: Optional[Loaded] = None
        self._build_error: Optional[Exception] = None
        self._quiet_since_s = self._worked_s = time.monotonic()
        self._counts = WorkerCounts()
        self._thread = threading.Thread(target=self._run, name="recognizer", daemon=True)

    @property
    def counts(self) -> WorkerCounts:
        with self._changed:
            return self._counts

    def start(self) -> Loaded:
        """Builds the recogniser, waits for it and returns it. Raises what building raised."""
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._loaded is not None or self._build_error is not None)
        if self._loaded is None:
            self._thread.join()
            raise self._build_error
        return self._loaded

    def activate(self) -> None:
        """From now on frames and words count; the window begins empty."""
        with self._changed:
            self._active, self._reset_wanted, self._counts = True, True, WorkerCounts()
            self._slot = self._settled = None
            self._quiet_since_s = time.monotonic()

    def deactivate(self) -> None:
        """Frames and words that are not used yet are forgotten; returns when nothing is published any more."""
        with self._changed:
            self._active, self._frame, self._held = False, None, None
            self._utterances.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy)

    def stop(self) -> None:
        """Frees the recogniser on its own thread, and waits for it. Stopping twice is allowed."""
        with self._changed:
            self._active, self._stopping = False, True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def put_frame(self, stamp_s: float, read: Callable[[], np.ndarray], settles: bool = False) -> None:
        """Never waits; a frame that the worker has not taken yet is replaced. settles: its slot is over with it.

        The recogniser does something only when a slot is over, so it is woken by the first frame of each, or by the one
        that settles it. Of the others the nearest to the slot's centre waits for that, which is the one that the
        recogniser would choose among them.
        """
        frame = Frame(stamp_s, lambda: self._read(read))
        with self._changed:
            slot_s, counts, dropped = self._loaded.recognizer.slot_s, self._counts, int(self._frame is not None)
            self._note(frames_received=counts.frames_received + 1, frames_dropped=counts.frames_dropped + dropped)
            slot = slot_of(stamp_s, slot_s)
            if slot == self._slot and not dropped and not settles:
                waiting = [frame] if self._held is None else [self._held, frame]
                self._held = min(waiting, key=lambda each: abs(each.stamp_s - slot * slot_s))
            else:
                self._frame, self._slot, self._settled = frame, slot, slot if settles else None
                self._changed.notify_all()

    def put_words(self, utterance: Utterance) -> None:
        with self._changed:
            if len(self._utterances) == MAX_UTTERANCES:
                _LOG.warning(
                    "transcript: more than %d texts at once, the first are lost", MAX_UTTERANCES, extra=_THROTTLED
                )
            self._utterances.append(utterance)
            self._changed.notify_all()

    def _run(self) -> None:
        loaded, error = None, None
        try:
            loaded = self._build()
        except Exception as caught:  # handed to the thread that waits in start()
            error = caught
        with self._changed:
            self._loaded, self._build_error = loaded, error
            self._changed.notify_all()
        if loaded is None:
            return
        try:
            while self._wait_for_work():
                self._work_once(loaded)
        finally:
            loaded.close()

    def _wait_for_work(self) -> bool:
        """Returns when there may be something to do; False when the thread shall end."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._stopping or (self._active and (self._frame or self._utterances)), TICK_S
            )
            self._busy = self._active
            return not self._stopping

    def _work_once(self, loaded: Loaded) -> None:
        try:
            loaded.tend()
            self._work(loaded.recognizer)
        except Exception as error:  # a thread has no caller: say it, begin a new window, go on
            self._say_failure(error)
            with self._changed:
                self._reset_wanted = True  # by the next work: a failing reset must not end the thread either
        self._worked_s = time.monotonic()

    def _work(self, recognizer: FedRecognizer) -> None:
        with self._changed:
            if not self._active:
                return
            self._busy = True  # also where it was activated since there was work
            frames = [each for each in (self._held, self._frame) if each is not None]
            settled, self._held, self._frame, self._settled = self._settled, None, None, None
            utterances = list(self._utterances)
            self._utterances.clear()
            reset, self._reset_wanted = self._reset_wanted, False
        if reset:
            recognizer.reset()
        self._feed(recognizer, frames, utterances)
        if settled is not None:
            recognizer.pass_time((settled + 1) * recognizer.slot_s)
        self._publish_due(recognizer)

    def _feed(self, recognizer: FedRecognizer, frames: List[Frame], utterances: List[Utterance]) -> None:
        for utterance in utterances:
            heard = recognizer.push_words(utterance)
            if heard.remark and utterance.is_final:
                _LOG.info("transcript: %s", heard.remark, extra=_THROTTLED)
        for frame in frames:
            self._quiet_since_s = time.monotonic()
            jumps = recognizer.clock_jumps
            recognizer.push_frame(frame)
            if recognizer.clock_jumps > jumps:
                self._note(clock_jumps=self._counts.clock_jumps + 1, last_clock_jump_s=self._quiet_since_s)
        if time.monotonic() - self._worked_s > PASS_TIME_AFTER_S:
            # The process was held up, and what was sent meanwhile is yet to come: it must not lie in the past then.
            self._quiet_since_s = time.monotonic()
        if not frames and time.monotonic() - self._quiet_since_s > PASS_TIME_AFTER_S:
            now_s = self._stamp_now() - PASS_TIME_AFTER_S
            if now_s > 0:  # else simulated time has not begun
                recognizer.pass_time(now_s)

    def _publish_due(self, recognizer: FedRecognizer) -> None:
        while self._active and recognizer.is_due():
            started_s = time.perf_counter()
            sequence = recognizer.infer()
            inference_ms = 1000 * (time.perf_counter() - started_s)
            self._on_sequence(sequence)
            self._note(sequences=self._counts.sequences + 1, last_inference_ms=inference_ms)

    def _read(self, read: Callable[[], np.ndarray]) -> np.ndarray:
        try:
            return read()
        except ValueError as error:
            self._note(last_unreadable=str(error))
            raise
        finally:
            self._note(frames_read=self._counts.frames_read + 1)

    def _say_failure(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        self._note(failures=self._counts.failures + 1, last_failure=text, last_failure_s=time.monotonic())
        _LOG.error("the window begins anew after %s", text, exc_info=_LOG.isEnabledFor(logging.DEBUG), extra=_THROTTLED)

    def _note(self, **changes: Any) -> None:
        with self._changed:
            self._counts = replace(self._counts, **changes)
