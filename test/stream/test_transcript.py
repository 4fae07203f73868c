import unicodedata

import pytest

from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.transcript import Transcript, TranscriptLimits, Utterance
from stf2m_ros.stream.utterance import spoken_until

EPOCH_S = 1.8e9


def texts(transcript, start_s=EPOCH_S - 1000, end_s=EPOCH_S + 1000):
    return [word.text for word in transcript.words_between(start_s, end_s)]


def said(text, start_s, end_s, **more):
    return Utterance(text, EPOCH_S + start_s, EPOCH_S + end_s, **more)


def test_words_without_times_are_spread_by_their_length():
    transcript = Transcript()
    transcript.add(said("I understand you", 0.0, 8.0))
    words = transcript.words_between(EPOCH_S, EPOCH_S + 8)
    spans = [(word.text, round(word.start_s - EPOCH_S, 3), round(word.end_s - EPOCH_S, 3)) for word in words]
    assert spans == [("I", 0.0, 0.571), ("understand", 0.571, 6.286), ("you", 6.286, 8.0)]


def test_known_word_times_are_kept_and_punctuation_is_not_but_for_marks():
    words = (TimedWord("No,", EPOCH_S, EPOCH_S + 0.2), TimedWord("don't!", EPOCH_S + 3, EPOCH_S + 3.4))
    transcript = Transcript()
    transcript.add(said("No, don't!", 0, 4, words=words))
    assert transcript.words_between(EPOCH_S + 1, EPOCH_S + 9) == (TimedWord("don't!", EPOCH_S + 3, EPOCH_S + 3.4),)


def test_late_words_take_their_place_among_those_already_heard():
    transcript = Transcript()
    transcript.add(said("now", 10, 11))
    transcript.add(said("before", 2, 3))
    assert texts(transcript) == ["before", "now"]


def test_a_correction_with_the_same_id_replaces():
    transcript = Transcript()
    transcript.add(said("I am mad", 0, 2, utterance_id="7"))
    transcript.add(said("I am glad", 0.5, 9, utterance_id="7"))
    assert texts(transcript) == ["I", "am", "glad"]


def test_a_correction_may_tell_another_speaker():
    transcript = Transcript()
    transcript.add(said("I am mad", 0, 2, utterance_id="7"))
    transcript.add(said("I am mad", 0, 2, utterance_id="7", speaker_id="patient"))
    assert texts(transcript) == ["I", "am", "mad"]


def test_a_text_that_turns_out_to_be_somebody_elses_is_taken_back():
    transcript = Transcript(followed_speaker="patient")
    transcript.add(said("are you in pain?", 0, 2, utterance_id="7"))
    assert "nurse" in transcript.add(said("are you in pain?", 0, 2, utterance_id="7", speaker_id="nurse")).remark
    assert texts(transcript) == []


def test_an_empty_correction_takes_the_text_back():
    transcript = Transcript()
    transcript.add(said("cough", 0, 2, utterance_id="7"))
    transcript.add(said("", 0, 2, utterance_id="7"))
    assert texts(transcript) == []


def test_a_longer_text_over_the_same_time_replaces_without_an_id():
    transcript = Transcript()
    transcript.add(said("it hurts", 0, 2))
    transcript.add(said("it hurts a lot", 0, 4))
    assert texts(transcript) == ["it", "hurts", "a", "lot"]


def test_two_utterances_that_barely_touch_both_stay():
    transcript = Transcript()
    transcript.add(said("it hurts", 0, 2))
    transcript.add(said("a lot", 1.8, 4))
    assert texts(transcript) == ["it", "hurts", "a", "lot"]


def test_different_ids_are_never_corrections_of_each_other():
    transcript = Transcript()
    transcript.add(spoken_until("hello there", EPOCH_S, utterance_id="1"))
    transcript.add(spoken_until("how are you", EPOCH_S + 0.2, utterance_id="2"))
    assert sorted(texts(transcript)) == sorted(["hello", "there", "how", "are", "you"])


def test_plain_texts_in_quick_succession_follow_each_other():
    """A recogniser that sends three sentences at once tells no start: what is made up must not delete what was said."""
    transcript = Transcript()
    sentences = ("I was so happy this morning", "but now it hurts a lot", "please help me")
    for place, sentence in enumerate(sentences):
        transcript.add(spoken_until(sentence, EPOCH_S + 0.05 * place))
    assert " ".join(texts(transcript)) == " ".join(sentences)
    transcript.add(spoken_until(sentences[2], EPOCH_S + 0.1))  # the same message once more
    assert " ".join(texts(transcript)) == " ".join(sentences)


def test_what_is_not_final_is_passed_over():
    transcript = Transcript()
    assert transcript.add(said("may", 0, 1, is_final=False)).remark == "not final"
    assert texts(transcript) == []


def test_only_the_followed_speaker_counts_where_speakers_are_named():
    transcript = Transcript(followed_speaker="patient")
    assert "nurse" in transcript.add(said("well?", 0, 1, speaker_id="nurse")).remark
    transcript.add(said("fine", 2, 3, speaker_id="patient"))
    transcript.add(said("thanks", 4, 5))
    assert texts(transcript) == ["fine", "thanks"]


def test_words_older_than_the_window_are_forgotten():
    transcript = Transcript()
    transcript.add(said("old", 0, 1))
    transcript.add(said("new", 5, 6))
    transcript.forget_before(EPOCH_S + 2)
    assert texts(transcript) == ["new"]


def test_100_kilobytes_are_cut_and_it_is_said():
    heard = Transcript().add(said("word " * 20000, 0, 5))
    assert heard.words == 800 and heard.remark == "text of 100000 characters cut to 4000"


def test_control_characters_are_removed_and_it_is_said():
    transcript = Transcript()
    heard = transcript.add(said("it\x1b[31m \x00hurts\nhere\ud800", 0, 2))
    assert heard.remark == "control characters removed"
    assert texts(transcript) == ["it", "31m", "hurts", "here"]


def test_the_number_of_words_is_bounded_and_the_first_heard_go_first():
    transcript = Transcript(TranscriptLimits(words=4))
    for number in range(10):
        transcript.add(said(f"a{number} b{number}", number, number + 1))
    assert texts(transcript) == ["a8", "b8", "a9", "b9"]
    assert transcript.add(said("one two three four five six", 20, 25)).remark == "6 words cut to 4"


def test_a_word_counts_where_any_of_it_was_spoken():
    transcript = Transcript()
    transcript.add(said("long", 1.0, 2.0))
    assert texts(transcript, EPOCH_S + 1.9, EPOCH_S + 2.4) == ["long"]
    assert texts(transcript, EPOCH_S + 2.0, EPOCH_S + 2.5) == []
    assert texts(transcript, EPOCH_S + 0.5, EPOCH_S + 1.0) == []


def test_an_utterance_that_lasts_for_ages_is_passed_over_and_it_is_said():
    transcript = Transcript()
    heard = transcript.add(said("for ever", -1e9, 1e9))
    assert (heard.words, heard.remark) == (0, "passed over: expected at most 600 s, found 2000000000")
    ages = (TimedWord("for", EPOCH_S, EPOCH_S + 1e6), TimedWord("ever", 0, 1))
    assert transcript.add(said("for ever", 0, 1, words=ages)).words == 0
    assert texts(transcript) == []


def test_a_text_of_any_length_without_times_lasts_minutes_at_most():
    utterance = spoken_until("word " * 20000, EPOCH_S)
    assert utterance.end_s - utterance.start_s == 300
    assert Transcript().add(utterance).words == 800


def test_an_accent_of_its_own_does_not_split_the_word():
    transcript = Transcript()
    transcript.add(said("cafe\u0301s", 0, 1))
    assert texts(transcript) == ["caf\u00e9s"]


@pytest.mark.parametrize(
    "words",
    [["मैं", "बहुत", "खुश", "हूँ"], ["שָׁלוֹם", "לְכֻלָּם!"], ["สวัสดี"], ["je", "l’été"], ["naïve", "x-ray"]],
    ids=["Hindi", "Hebrew", "Thai", "French", "English"],
)
def test_vowel_signs_and_accents_do_not_split_words(words):
    transcript = Transcript()
    transcript.add(said(" ".join(words), 0, 1))
    assert texts(transcript) == [unicodedata.normalize("NFC", word) for word in words]


def test_an_emoji_is_no_word():
    transcript = Transcript()
    transcript.add(said("I \u2764\ufe0f you", 0, 1))  # a heart, and the sign that asks for its colour
    assert texts(transcript) == ["I", "you"]


@pytest.mark.parametrize("start_s, end_s", [(2, 1), (float("nan"), 1), (0, float("inf"))])
def test_times_that_cannot_be_are_refused(start_s, end_s):
    with pytest.raises(ValueError, match="expected finite start_s <= end_s"):
        Utterance("x", start_s, end_s)


def test_the_first_word_of_every_utterance_says_that_it_begins_one():
    transcript = Transcript()
    transcript.add(said("so what", 0, 1))
    words = (TimedWord("no", EPOCH_S + 1, EPOCH_S + 2), TimedWord("way", EPOCH_S + 2, EPOCH_S + 3))
    transcript.add(said("no way", 1, 3, words=words))
    assert [word.begins for word in transcript.words_between(EPOCH_S, EPOCH_S + 9)] == [True, False, True, False]
