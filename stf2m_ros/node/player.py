"""Publishes a video's images and words with correct stamps, at real speed or another."""

import array
import time
from dataclasses import replace
from typing import Iterator, Optional, Sequence

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from stf2m_msgs.msg import Utterance as UtteranceMessage
from stf2m_ros.node.stamps import time_of
from stf2m_ros.node.transcript_messages import message_of_utterance
from stf2m_ros.node.video_source import VideoSource
from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.utterance import Utterance

FRAME_ID = "video"
REPORT_EVERY_S = 5.0
_POLL_S = 0.02
_MISSING_S, _MISSING_SHARE = 1.0, 0.1  # how far a sound file may end before the length that it states


class Player(Node):
    """Plays sources one after another on one line of stamps that begins now and never runs backwards."""

    def __init__(self, rate: float = 1.0, publish_clock: bool = False, **node_options: object) -> None:
        super().__init__("play", **node_options)
        self._rate = rate
        self._begin_s, self._begin_wall_s = self._now_s(), time.monotonic()
        self._image = self.create_publisher(Image, "image", QoSProfile(depth=2))
        self._transcript = self.create_publisher(UtteranceMessage, "transcript", 10)
        self._clock_publisher = self.create_publisher(Clock, "/clock", 10) if publish_clock else None
        self.frames = self.utterances = 0

    def wait_for_listener(self, timeout_s: float) -> str:
        """Waits until somebody takes the images; returns what to tell the user."""
        topic, deadline_s = self._image.topic_name, time.monotonic() + timeout_s
        while self._image.get_subscription_count() == 0:
            if time.monotonic() > deadline_s:
                return f"play: nobody listens to {topic} after {timeout_s:.0f} s; playing all the same"
            self._tell_clock(0.0)
            time.sleep(_POLL_S)
        return f"play: {self._image.get_subscription_count()} listening to {topic}"

    def play(self, source: VideoSource, script: Sequence[Utterance] = (), loop: bool = False) -> Iterator[str]:
        """Publishes until the source ends; yields a line of progress now and then.

        Raises ValueError where a round gave no image: a loop over nothing would never wait.
        """
        self._begin_s, self._begin_wall_s = self._now_s(), time.monotonic()
        yield f"play: the first image is stamped {self._begin_s:.3f}"
        offset_s, last_s, rounds = 0.0, 0.0, 0
        while True:
            rounds, frames_before = rounds + 1, self.frames
            waiting = [_later(each, offset_s, rounds) for each in script]
            for image in source.images():
                before_s, last_s = last_s, offset_s + image.time_s
                self._wait_until(last_s, source.is_live)
                waiting = self._speak(waiting, last_s)
                self._show(image.bgr, last_s)
                if before_s // REPORT_EVERY_S != last_s // REPORT_EVERY_S:
                    yield self._progress(last_s, None if loop else source.duration_s)
            if self.frames == frames_before:
                raise ValueError(f"{source.description}: expected images, found none that can be read")
            waiting = self._speak(waiting, float("inf"))
            read_s, said_s = last_s - offset_s, source.duration_s
            if said_s is not None and said_s - read_s > max(_MISSING_S, _MISSING_SHARE * said_s):
                yield f"play: expected {said_s:.1f} s of video, found {read_s:.1f} s that can be read: a broken file?"
            if not loop:
                break
            offset_s = last_s + 1 / 30
        self._end_s = last_s

    def let_time_pass(self, span_s: float) -> None:
        """Time goes on for so long after the end, so that the newest segments settle."""
        if self._clock_publisher is None:
            time.sleep(max(0.0, span_s))
            return
        for step in np.arange(0.05, span_s, 0.05):
            self._wait_until(self._end_s + float(step), is_live=False)

    def _wait_until(self, stream_s: float, is_live: bool) -> None:
        pause_s = self._begin_wall_s + stream_s / self._rate - time.monotonic()
        if pause_s > 0 and not is_live:
            time.sleep(pause_s)
        self._tell_clock(stream_s)

    def _now_s(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _tell_clock(self, stream_s: float) -> None:
        if self._clock_publisher is not None:
            self._clock_publisher.publish(Clock(clock=time_of(self._begin_s + stream_s)))

    def _show(self, bgr: np.ndarray, stream_s: float) -> None:
        height, width = bgr.shape[:2]
        message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
        message.header.stamp = time_of(self._begin_s + stream_s)
        message.header.frame_id = FRAME_ID
        message.data = array.array("B", bgr.tobytes())  # bytes would be checked one by one
        self._image.publish(message)
        self.frames += 1

    def _speak(self, waiting: Sequence[Utterance], stream_s: float) -> Sequence[Utterance]:
        """A recogniser gives a text when it was spoken to its end."""
        for utterance in (each for each in waiting if each.end_s <= stream_s):
            self._transcript.publish(message_of_utterance(_moved(utterance, self._begin_s)))
            self.utterances += 1
        return [each for each in waiting if each.end_s > stream_s]

    def _progress(self, stream_s: float, duration_s: Optional[float]) -> str:
        of = "" if duration_s is None else f" of {duration_s:.0f}"
        return f"play: {stream_s:.0f}{of} s, {self.frames} frames, {self.utterances} utterances"


def _later(utterance: Utterance, offset_s: float, rounds: int) -> Utterance:
    """The utterance in a later round: the same words are new speech then, not a correction."""
    name = f"{utterance.utterance_id}.{rounds}" if utterance.utterance_id else ""
    return replace(_moved(utterance, offset_s), utterance_id=name)


def _moved(utterance: Utterance, by_s: float) -> Utterance:
    words = tuple(TimedWord(each.text, each.start_s + by_s, each.end_s + by_s) for each in utterance.words)
    return replace(utterance, start_s=utterance.start_s + by_s, end_s=utterance.end_s + by_s, words=words)
