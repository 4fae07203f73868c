"""A ROS node that hears what the emotion recogniser publishes about one clip."""

from typing import List, Optional, Tuple

from rclpy.node import Node

from stf2m_msgs.msg import EmotionSequence, Utterance
from stf2m_ros.evaluation.recording import Recording
from stf2m_ros.evaluation.thumbnails import StampedBox
from stf2m_ros.node.messages import sequence_of_message
from stf2m_ros.node.stamps import seconds_of
from stf2m_ros.node.transcript_messages import utterance_of_message
from stf2m_ros.runtime.emotion_sequence import Segment
from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.transcript import Transcript


class Recorder(Node):
    """Gathers the segments, the words and the face boxes of one clip."""

    def __init__(self) -> None:
        super().__init__("demo_recorder")
        self.newest: Optional[EmotionSequence] = None
        self.boxes: List[StampedBox] = []
        self.origin_s: Optional[float] = None  # stamp of the clip's first image, once `play` has told it
        self._end_s = 0.0
        self._recording = Recording()
        self._transcript = Transcript()
        self.create_subscription(EmotionSequence, "emotion_sequence", self._on_sequence, 10)
        self.create_subscription(Utterance, "transcript", self._on_utterance, 10)

    def node_listens(self) -> bool:
        """Whether the emotion recogniser is active: it subscribes to images then."""
        return self.count_subscribers("image") > 0

    def segments(self) -> Tuple[Segment, ...]:
        """From the clip's first image to its newest data."""
        return () if self.origin_s is None else self._recording.segments(self.origin_s, self._end_s)

    def words(self) -> Tuple[TimedWord, ...]:
        """Every word of the clip so far."""
        return self._transcript.words_between(self.origin_s or 0.0, float("inf"))

    def _on_sequence(self, message: EmotionSequence) -> None:
        sequence = sequence_of_message(message)
        self.newest = message
        self._end_s = max(self._end_s, sequence.stamp_s)
        self._recording.add(sequence)
        if sequence.face_box is not None:
            self.boxes.append((sequence.stamp_s, sequence.face_box))

    def _on_utterance(self, message: Utterance) -> None:
        self._transcript.add(utterance_of_message(message, seconds_of(message.header.stamp)))
