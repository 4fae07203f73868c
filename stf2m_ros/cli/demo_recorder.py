"""A ROS node that hears what the emotion recogniser publishes about one clip."""

from dataclasses import replace
from typing import List, Optional, Sequence, Tuple

from rclpy.node import Node

from stf2m_msgs.msg import EmotionSequence
from stf2m_ros.evaluation.recordings.merged_windows import MergedWindows
from stf2m_ros.evaluation.recordings.thumbnails import StampedBox
from stf2m_ros.node.messages import sequence_of_message
from stf2m_ros.runtime.emotion_sequence import Segment
from stf2m_ros.stream.timed_word import TimedWord


class Recorder(Node):
    """Gathers the segments and the face boxes of one clip, and places its words beside them.

    words: seconds from the clip's start.
    """

    def __init__(self, words: Sequence[TimedWord]) -> None:
        super().__init__("demo_recorder")
        self.newest: Optional[EmotionSequence] = None
        self.boxes: List[StampedBox] = []
        self.origin_s: Optional[float] = None  # stamp of the clip's first image, once `play` has told it
        self._end_s = 0.0
        self._recording = MergedWindows()
        self._words = tuple(words)
        self.create_subscription(EmotionSequence, "emotion_sequence", self._on_sequence, 10)

    def node_listens(self) -> bool:
        """Whether the emotion recogniser is active: it subscribes to images then."""
        return self.count_subscribers("image") > 0

    def segments(self) -> Tuple[Segment, ...]:
        """From the clip's first image to its newest data."""
        return () if self.origin_s is None else self._recording.segments(self.origin_s, self._end_s)

    def words(self) -> Tuple[TimedWord, ...]:
        """The clip's words, on the clock of the segments."""
        origin_s = self.origin_s or 0.0
        return tuple(
            replace(word, start_s=origin_s + word.start_s, end_s=origin_s + word.end_s) for word in self._words
        )

    def _on_sequence(self, message: EmotionSequence) -> None:
        sequence = sequence_of_message(message)
        self.newest = message
        self._end_s = max(self._end_s, sequence.stamp_s)
        self._recording.add(sequence)
        if sequence.face_box is not None:
            self.boxes.append((sequence.stamp_s, sequence.face_box))
