"""Messages of speech recognisers as utterances."""

import pytest
import ros_rig  # noqa: F401  skips these tests where the messages are not built
from std_msgs.msg import String

from stf2m_msgs.msg import TimedWord as TimedWordMessage
from stf2m_msgs.msg import Utterance as UtteranceMessage
from stf2m_ros.node.stamps import time_of
from stf2m_ros.node.transcript_messages import message_of_utterance, transcript_source, utterance_of_message
from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.transcript import Transcript
from stf2m_ros.stream.utterance import Utterance


def test_an_utterance_survives_the_way_through_a_message():
    there = Utterance(
        "it hurts", 10.0, 11.0, (TimedWord("it", 10.0, 10.25), TimedWord("hurts", 10.25, 11.0)), "anna", "7"
    )
    assert utterance_of_message(message_of_utterance(there), end_s=99.0) == there


def test_a_partial_result_stays_partial():
    message = UtteranceMessage(text="it hu", end=time_of(3.0), is_final=False)
    assert not utterance_of_message(message, end_s=99.0).is_final


def test_a_missing_end_is_the_headers_stamp():
    message = UtteranceMessage(text="it hurts")
    message.header.stamp = time_of(20.0)
    utterance = utterance_of_message(message, end_s=99.0)
    assert utterance.end_s == 20.0
    assert 15.0 < utterance.start_s < 20.0


def test_without_any_time_the_end_is_what_the_receiver_knows():
    assert utterance_of_message(UtteranceMessage(text="it hurts"), end_s=99.0).end_s == 99.0


def test_a_word_that_began_within_the_latency_ends_where_it_begins():
    utterance = utterance_of_message(UtteranceMessage(text="yes", start=time_of(99.5)), end_s=99.2)
    assert (utterance.start_s, utterance.end_s) == (99.5, 99.5)


def words_message(text: str, begin_s: float) -> UtteranceMessage:
    """As of a recogniser that tells the times of the words and none besides."""
    spans = [(word, begin_s + 0.5 * place) for place, word in enumerate(text.split())]
    words = [TimedWordMessage(text=word, start=time_of(at_s), end=time_of(at_s + 0.4)) for word, at_s in spans]
    return UtteranceMessage(text=text, words=words, is_final=True)


def test_of_words_with_times_the_first_tells_the_start_and_the_last_the_end():
    message = words_message("it hurts", 50.0)
    message.header.stamp = time_of(70.0)  # when it was sent, not when it was said
    utterance = utterance_of_message(message, end_s=99.0)
    assert (utterance.start_s, utterance.end_s, utterance.start_is_estimated) == (50.0, 50.9, False)


def test_words_with_times_that_come_together_do_not_delete_each_other():
    """A recogniser that hears ten seconds at a time sends several utterances at once."""
    transcript, sentences = Transcript(), ("my leg really hurts", "please do not touch", "now it is better")
    for place, sentence in enumerate(sentences):
        message = words_message(sentence, 50.0 + 3 * place)
        transcript.add(utterance_of_message(message, end_s=60.0 + 0.01 * place))
    assert " ".join(word.text for word in transcript.words_between(0.0, 100.0)) == " ".join(sentences)


@pytest.mark.parametrize("text", ["it hurts", ""])
@pytest.mark.parametrize("starts_s", [(0.0, 0.0), (50.0, 51.0)])
def test_words_without_ends_are_spoken_when_the_utterance_is(text, starts_s):
    spoken = zip(("it", "hurts"), starts_s)
    words = [TimedWordMessage(text=word, start=time_of(start_s)) for word, start_s in spoken]
    message = UtteranceMessage(text=text, words=words, start=time_of(50.0), end=time_of(52.0), is_final=True)
    utterance, transcript = utterance_of_message(message, end_s=99.0), Transcript()
    assert (utterance.text, utterance.start_s, utterance.end_s) == ("it hurts", 50.0, 52.0)
    transcript.add(utterance)
    assert [word.text for word in transcript.words_between(50.0, 52.0)] == ["it", "hurts"]


def test_words_that_run_backwards_are_refused():
    word = TimedWordMessage(text="it", start=time_of(5.0), end=time_of(4.0))
    with pytest.raises(ValueError, match="start_s <= end_s"):
        utterance_of_message(UtteranceMessage(text="it", words=[word]), end_s=99.0)


def test_plain_text_is_final_and_ends_when_the_receiver_says():
    source = transcript_source("string")
    utterance = source.read(String(data="it hurts"), 99.0)
    assert source.message_type is String
    assert (utterance.text, utterance.end_s, utterance.is_final) == ("it hurts", 99.0, True)


def test_a_100_kb_text_is_read_without_complaint():
    assert transcript_source("string").read(String(data="x" * 100_000), 99.0).end_s == 99.0
