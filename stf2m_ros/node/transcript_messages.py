"""What speech recognisers send, as utterances. Three message types; which one is a parameter."""

from dataclasses import replace
from typing import Any, Callable, NamedTuple, Type

from std_msgs.msg import String

from stf2m_msgs import msg as stf2m
from stf2m_ros.node.stamps import seconds_of, time_of
from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.utterance import Utterance, spoken_until


class TranscriptSource(NamedTuple):
    """A type of the topic transcript, and how its message becomes an utterance.

    read(message, end_s): end_s is when the speech ended if the message does not say. Raises ValueError.
    """

    message_type: Type
    read: Callable[[Any, float], Utterance]


def transcript_source(name: str) -> TranscriptSource:
    """The source for a value of the parameter transcript_type. Raises ValueError where its package is missing."""
    if name == "utterance":
        return TranscriptSource(stf2m.Utterance, utterance_of_message)
    if name == "string":
        return TranscriptSource(String, _utterance_of_string)
    return TranscriptSource(_live_speech_type(), _utterance_of_live_speech)


def utterance_of_message(message: stf2m.Utterance, end_s: float) -> Utterance:
    """Times that the message leaves at 0 are those of its words; without them the end is the header's stamp, and the
    start made up from the text's length. Words of which one has no end tell no times.
    """
    text = message.text or " ".join(each.text for each in message.words)
    are_timed = all(seconds_of(each.end) for each in message.words)
    words = tuple(_word_of(each) for each in message.words) if are_timed else ()
    start_s = seconds_of(message.start) or min((each.start_s for each in words), default=0.0)
    last_s = seconds_of(message.end) or max((each.end_s for each in words), default=0.0)
    arrival_s = max(end_s, start_s)  # less a latency that a short word did not take
    estimate = spoken_until(text, last_s or seconds_of(message.header.stamp) or arrival_s, message.utterance_id)
    return replace(
        estimate,
        start_s=start_s or estimate.start_s,
        start_is_estimated=not start_s,
        words=words,
        speaker_id=message.speaker_id,
        is_final=message.is_final,
    )


def message_of_utterance(utterance: Utterance) -> stf2m.Utterance:
    """The message of an utterance, of unknown confidence and locale."""
    unknown = stf2m.Utterance.CONFIDENCE_UNKNOWN
    message = stf2m.Utterance(
        text=utterance.text,
        start=time_of(utterance.start_s),
        end=time_of(utterance.end_s),
        words=[_message_of_word(word, unknown) for word in utterance.words],
        speaker_id=utterance.speaker_id,
        utterance_id=utterance.utterance_id,
        is_final=utterance.is_final,
        confidence=unknown,
    )
    message.header.stamp = time_of(utterance.end_s)
    return message


def _word_of(message: stf2m.TimedWord) -> TimedWord:
    return TimedWord(message.text, seconds_of(message.start), seconds_of(message.end))


def _message_of_word(word: TimedWord, confidence: float) -> stf2m.TimedWord:
    return stf2m.TimedWord(text=word.text, start=time_of(word.start_s), end=time_of(word.end_s), confidence=confidence)


def _utterance_of_string(message: String, end_s: float) -> Utterance:
    return spoken_until(message.data, end_s)


def _utterance_of_live_speech(message: Any, end_s: float) -> Utterance:
    """hri_msgs/LiveSpeech: `final` is empty while the text may still change. Its stamp is that of the message."""
    return replace(spoken_until(message.final, end_s), is_final=bool(message.final))


def _live_speech_type() -> Type:
    try:
        from hri_msgs.msg import LiveSpeech
    except ImportError:
        raise ValueError(
            "transcript_type: expected the package hri_msgs for live_speech, found it is not installed "
            "(apt install ros-$ROS_DISTRO-hri-msgs)"
        ) from None
    return LiveSpeech
