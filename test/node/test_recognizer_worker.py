"""The worker thread, with a recogniser that records what it is given and can be held or made to fail."""

import logging
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from stf2m_ros.node.recognizer_worker import MAX_UTTERANCES, PASS_TIME_AFTER_S, RecognizerWorker
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.transcript import Heard
from stf2m_ros.stream.utterance import Utterance

DEADLINE_S = 10.0
PIXEL = np.zeros((1, 1, 3), np.uint8)


class RecordingRecognizer:
    """Due after every frame; each frame waits for `may_go_on`."""

    slot_s = 0.1

    def __init__(self) -> None:
        self.stamps, self.texts, self.threads, self.resets = [], [], set(), 0
        self.passed_s = []
        self.may_go_on, self.taken = threading.Event(), threading.Event()
        self.may_go_on.set()
        self.due, self.closed = False, False
        self.failure = None
        self.clock_jumps = 0

    def push_frame(self, frame: Frame) -> None:
        self.threads.add(threading.get_ident())
        self.taken.set()
        assert self.may_go_on.wait(DEADLINE_S)
        frame.read()
        self.clock_jumps += bool(self.stamps) and frame.stamp_s < self.stamps[-1]
        self.stamps.append(frame.stamp_s)
        self.due = True
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure

    def push_words(self, utterance: Utterance) -> Heard:
        self.texts.append(utterance.text)
        return Heard(1)

    def pass_time(self, stamp_s: float) -> None:
        self.passed_s.append(stamp_s)

    def is_due(self) -> bool:
        return self.due

    def infer(self) -> object:
        self.due = False
        return SimpleNamespace(stamp_s=self.stamps[-1])

    def reset(self) -> None:
        self.resets += 1

    def tend(self) -> None:
        self.threads.add(threading.get_ident())

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed = True


class Inbox:
    """Sequences as they are published, and a way to wait for them."""

    def __init__(self) -> None:
        self.stamps, self._came = [], threading.Condition()

    def take(self, sequence: object) -> None:
        with self._came:
            self.stamps.append(sequence.stamp_s)
            self._came.notify_all()

    def wait_for(self, count: int) -> None:
        with self._came:
            assert self._came.wait_for(lambda: len(self.stamps) >= count, DEADLINE_S)


def until(reached):
    end_s = time.monotonic() + DEADLINE_S
    while not reached():
        assert time.monotonic() < end_s
        time.sleep(0.01)


@pytest.fixture()
def recognizer():
    return RecordingRecognizer()


@pytest.fixture()
def inbox():
    return Inbox()


@pytest.fixture()
def worker(recognizer, inbox):
    loaded = SimpleNamespace(recognizer=recognizer, tend=recognizer.tend, close=recognizer.close)
    made = RecognizerWorker(lambda: loaded, inbox.take, stamp_now=lambda: 50.0)
    made.start()
    yield made
    recognizer.may_go_on.set()
    made.stop()


def test_of_the_frames_that_wait_the_newest_wins_and_the_others_are_counted(worker, recognizer, inbox):
    worker.activate()
    recognizer.may_go_on.clear()
    worker.put_frame(1.0, lambda: PIXEL)
    assert recognizer.taken.wait(DEADLINE_S)
    for stamp_s in (2.0, 3.0, 4.0):
        worker.put_frame(stamp_s, lambda: PIXEL)
    recognizer.may_go_on.set()
    inbox.wait_for(2)
    assert inbox.stamps == [1.0, 4.0]
    assert (worker.counts.frames_received, worker.counts.frames_dropped, worker.counts.frames_read) == (4, 2, 2)


def test_the_first_frame_of_a_slot_wakes_it_and_brings_the_nearest_of_the_former_slot(worker, recognizer, inbox):
    """Slots lie around multiples of 0.1 s; at 30 frames/s two of three frames are worth no waking."""
    worker.activate()
    worker.put_frame(0.96, lambda: PIXEL)
    inbox.wait_for(1)
    for stamp_s in (0.98, 1.01, 1.04):
        worker.put_frame(stamp_s, lambda: PIXEL)
    worker.put_frame(1.07, lambda: PIXEL)
    inbox.wait_for(2)
    # Where this test is held up, the worker, which looks around now and then, may have taken one of them earlier.
    assert recognizer.stamps[0] == 0.96 and recognizer.stamps[-1] == 1.07
    assert 1.01 in recognizer.stamps
    assert (worker.counts.frames_received, worker.counts.frames_dropped) == (5, 0)


def test_the_last_frames_before_a_silence_are_taken_all_the_same(worker, recognizer, inbox):
    worker.activate()
    worker.put_frame(0.96, lambda: PIXEL)
    inbox.wait_for(1)
    worker.put_frame(1.01, lambda: PIXEL)
    until(lambda: recognizer.stamps == [0.96, 1.01])


def test_a_frame_that_settles_its_slot_ends_it_with_those_that_waited(worker, recognizer, inbox):
    worker.activate()
    worker.put_frame(0.96, lambda: PIXEL)
    inbox.wait_for(1)
    worker.put_frame(0.99, lambda: PIXEL)
    worker.put_frame(1.02, lambda: PIXEL, settles=True)
    until(lambda: recognizer.passed_s)
    assert recognizer.stamps == [0.96, 0.99, 1.02]
    assert recognizer.passed_s[0] == pytest.approx(1.1)  # a time in the next slot
    worker.put_frame(1.06, lambda: PIXEL)
    until(lambda: recognizer.stamps[-1] == 1.06)
    assert len([passed_s for passed_s in recognizer.passed_s if passed_s < 10]) == 1


def test_jumps_of_the_clock_are_counted_since_the_node_was_activated(worker, inbox):
    worker.activate()
    for number, stamp_s in enumerate((9.0, 5.0, 6.0, 2.0), 1):
        worker.put_frame(stamp_s, lambda: PIXEL)
        inbox.wait_for(number)
    assert worker.counts.clock_jumps == 2
    assert worker.counts.last_clock_jump_s <= time.monotonic()
    worker.activate()
    assert worker.counts.clock_jumps == 0


def test_everything_that_touches_the_recognizer_runs_on_one_thread(worker, recognizer, inbox):
    worker.activate()
    worker.put_frame(1.0, lambda: PIXEL)
    inbox.wait_for(1)
    worker.stop()
    assert recognizer.closed
    assert len(recognizer.threads) == 1
    assert threading.get_ident() not in recognizer.threads


def test_what_building_raises_is_raised_by_start():
    def build():
        raise ValueError("expected a bundle, found none")

    worker = RecognizerWorker(build, lambda sequence: None, stamp_now=lambda: 0.0)
    with pytest.raises(ValueError, match="found none"):
        worker.start()
    worker.stop()


def test_after_a_failure_the_window_begins_anew_and_work_goes_on(worker, recognizer, inbox):
    worker.activate()
    recognizer.failure = RuntimeError("out of\nmemory")
    worker.put_frame(1.0, lambda: PIXEL)
    inbox_before = recognizer.resets
    assert recognizer.taken.wait(DEADLINE_S)
    recognizer.taken.clear()
    worker.put_frame(2.0, lambda: PIXEL)
    inbox.wait_for(1)
    assert worker.counts.failures == 1
    assert worker.counts.last_failure == "RuntimeError: out of memory"
    assert recognizer.resets >= inbox_before


def test_the_thread_outlives_a_failure_of_what_runs_the_model(recognizer, inbox):
    failures = [RuntimeError("the driver is gone")]

    def tend():
        if failures:
            raise failures.pop()

    loaded = SimpleNamespace(recognizer=recognizer, tend=tend, close=recognizer.close)
    worker = RecognizerWorker(lambda: loaded, inbox.take, stamp_now=lambda: 50.0)
    worker.start()
    worker.activate()
    until(lambda: not failures)
    worker.put_frame(1.0, lambda: PIXEL)
    inbox.wait_for(1)
    worker.stop()


def test_the_thread_outlives_a_reset_that_fails_and_tries_again(worker, recognizer, inbox):
    failures = [RuntimeError("the window is gone"), RuntimeError("and still is")]
    reset = recognizer.reset

    def failing_reset():
        reset()
        if failures:
            raise failures.pop(0)

    recognizer.reset = failing_reset
    worker.activate()
    worker.put_frame(1.0, lambda: PIXEL)
    until(lambda: not failures)
    until(lambda: recognizer.resets > 2)
    worker.put_frame(2.0, lambda: PIXEL)
    inbox.wait_for(1)
    assert worker.counts.failures == 2
    worker.deactivate()


def test_texts_that_are_lost_because_too_many_come_at_once_are_told(worker, recognizer, inbox, caplog):
    worker.activate()
    recognizer.may_go_on.clear()
    worker.put_frame(1.0, lambda: PIXEL)
    assert recognizer.taken.wait(DEADLINE_S)
    with caplog.at_level(logging.WARNING, "stf2m_ros"):
        for number in range(MAX_UTTERANCES + 2):
            worker.put_words(Utterance(str(number), 0.0, 1.0))
    recognizer.may_go_on.set()
    inbox.wait_for(1)
    assert f"more than {MAX_UTTERANCES} texts at once" in caplog.text
    assert all(record.throttle_s > 0 for record in caplog.records)


def test_words_are_handed_on_in_their_order(worker, recognizer, inbox):
    worker.activate()
    for text in ("first", "second"):
        worker.put_words(Utterance(text, 0.0, 1.0))
    worker.put_frame(1.0, lambda: PIXEL)
    inbox.wait_for(1)
    assert recognizer.texts == ["first", "second"]


def test_nothing_is_published_after_deactivation(worker, recognizer, inbox):
    worker.activate()
    worker.put_frame(1.0, lambda: PIXEL)
    inbox.wait_for(1)
    worker.deactivate()
    worker.put_frame(2.0, lambda: PIXEL)
    worker.stop()
    assert inbox.stamps == [1.0]


def test_deactivation_waits_for_what_is_published_also_where_the_worker_was_at_work_when_it_was_activated(recognizer):
    """As it is for seconds when the engines that were built aside are opened."""
    tending, tended, publishing, published, order = *(threading.Event() for _ in range(4)), []

    def tend():
        tending.set()
        assert tended.wait(DEADLINE_S)

    def publish(sequence):
        publishing.set()
        assert published.wait(DEADLINE_S)
        order.append("published")

    def deactivate():
        worker.deactivate()
        order.append("deactivated")

    loaded = SimpleNamespace(recognizer=recognizer, tend=tend, close=recognizer.close)
    worker = RecognizerWorker(lambda: loaded, publish, stamp_now=lambda: 50.0)
    worker.start()
    assert tending.wait(DEADLINE_S)
    worker.activate()
    worker.put_frame(1.0, lambda: PIXEL)
    tended.set()
    assert publishing.wait(DEADLINE_S)
    ending = threading.Thread(target=deactivate)
    ending.start()
    until(lambda: not worker._active)
    published.set()
    ending.join(DEADLINE_S)
    worker.stop()
    assert order == ["published", "deactivated"]


def test_each_activation_begins_with_an_empty_window_and_counts_from_zero(worker, recognizer, inbox):
    for life in (1, 2):
        worker.activate()
        worker.put_frame(float(life), lambda: PIXEL)
        inbox.wait_for(life)
        worker.deactivate()
        assert recognizer.resets == life
    assert worker.counts.frames_received == 1


def test_time_passes_by_the_clock_when_no_image_comes(worker, recognizer):
    worker.activate()
    ended = threading.Event()
    original = recognizer.pass_time
    recognizer.pass_time = lambda stamp_s: (original(stamp_s), ended.set())
    assert ended.wait(DEADLINE_S)
    assert recognizer.passed_s[0] == pytest.approx(50.0 - 0.6)


def test_while_the_process_was_held_up_no_silence_of_the_camera_counts(worker, recognizer):
    """What was sent meanwhile comes now, and would be found to run backwards."""
    passed = []
    recognizer.pass_time = lambda stamp_s: passed.append(time.monotonic())
    with worker._changed:
        worker.activate()
        time.sleep(PASS_TIME_AFTER_S + 0.2)
        released_s = time.monotonic()
    until(lambda: passed)
    assert passed[0] > released_s + 0.9 * PASS_TIME_AFTER_S


def test_what_was_wrong_with_an_unreadable_image_is_kept_for_the_message(worker, recognizer, inbox):
    def lie():
        raise ValueError("image: expected 3 bytes, found 2")

    worker.activate()
    worker.put_frame(1.0, lie)
    worker.put_frame(2.0, lambda: PIXEL)
    inbox.wait_for(1)
    worker.stop()
    assert worker.counts.last_unreadable in ("image: expected 3 bytes, found 2", "")
