"""What generated people say, when, and that their mouths move only then."""

import numpy as np

from stf2m_ros.data.clip import TimedWord
from stf2m_ros.data.generated_faces.action_units import NUM_ACTION_UNITS, unit_row
from stf2m_ros.data.generated_faces.expression import Episode
from stf2m_ros.data.generated_faces.scene import transcript_srt
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.data.generated_faces.speech import (
    AGREEING,
    CONTRADICTING,
    NEUTRAL_WORDS,
    add_speech,
    draw_text_mode,
    speak,
    speech_units,
)
from stf2m_ros.data.generated_faces.vocabulary import FEELINGS, SAYINGS
from stf2m_ros.emotions import EMOTIONS

ANGRY = (Episode(1, 0.0, 60.0, 1.0, 0.2, 0.2),)
FRAME_S = np.arange(100) * 0.1


def spoken(mode, seed):
    return " ".join(word.text for word in speak(ANGRY, mode, 60.0, np.random.default_rng(seed)))


def mentions(emotion, text):
    return sum(phrase in text for phrase in FEELINGS[emotion] + SAYINGS[emotion])


def test_words_follow_one_another_and_end_with_the_clip():
    words = speak(ANGRY, AGREEING, 20.0, np.random.default_rng(0))
    assert all(word.start_s < word.end_s <= 20.0 for word in words)
    assert all(first.end_s <= second.start_s for first, second in zip(words, words[1:]))


def test_agreeing_words_name_the_emotion_of_the_face():
    told = {emotion: sum(mentions(emotion, spoken(AGREEING, seed)) for seed in range(10)) for emotion in EMOTIONS}
    assert max(told, key=told.get) == "anger"


def test_contradicting_words_name_other_emotions():
    told = {emotion: sum(mentions(emotion, spoken(CONTRADICTING, seed)) for seed in range(20)) for emotion in EMOTIONS}
    assert told["anger"] < sum(told.values()) / 4


def test_neutral_words_say_nothing_about_emotions():
    text = " ".join(spoken(NEUTRAL_WORDS, seed) for seed in range(10))
    assert not any(saying in text for sayings in SAYINGS.values() for saying in sayings if " " in saying)


def test_words_carry_the_emotion_in_about_half_of_the_clips():
    rng = np.random.default_rng(0)
    modes = [draw_text_mode(GeneratorSettings(), rng) for _ in range(1000)]
    assert 0.45 < modes.count(AGREEING) / 1000 < 0.55
    assert 0.1 < modes.count(CONTRADICTING) / 1000 < 0.2


def test_the_vocabulary_has_hundreds_of_emotional_phrases():
    assert sum(len(set(FEELINGS[emotion] + SAYINGS[emotion])) for emotion in EMOTIONS) > 300


def test_the_mouth_moves_only_while_words_are_spoken():
    units = speech_units((TimedWord("banana", 2.0, 3.0),), FRAME_S, np.random.default_rng(0))
    moving = units[:, unit_row(26)] > 0
    assert moving[20:30].any() and not moving[:20].any() and not moving[30:].any()


def test_a_spoken_word_parts_pressed_lips():
    pressed = np.zeros((1, NUM_ACTION_UNITS, 2), np.float32)
    pressed[0, unit_row(24)] = 1.0
    speech = np.zeros((1, NUM_ACTION_UNITS), np.float32)
    speech[0, unit_row(25)] = 0.6
    assert add_speech(pressed, speech)[0, unit_row(24)].max() < 0.5


def test_a_transcript_breaks_at_pauses():
    words = (TimedWord("oh", 0.5, 0.75), TimedWord("wow", 0.8, 1.0), TimedWord("yes", 61.25, 62.0))
    assert transcript_srt(words) == (
        "1\n00:00:00,500 --> 00:00:01,000\noh wow\n\n2\n00:01:01,250 --> 00:01:02,000\nyes\n"
    )
