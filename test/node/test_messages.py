"""Results to messages and back, and constants that agree with the vocabulary."""

import numpy as np
import pytest
import ros_rig  # noqa: F401  skips these tests where the messages are not built
from fakes import tiny_card

from stf2m_msgs.msg import EmotionSegment
from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS
from stf2m_ros.node.messages import (
    ModelIdentity,
    SequenceMessages,
    reason_text,
    sequence_of_message,
)
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, AbsenceReason, EmotionSequence, Modality, Run, Segment

MODEL = ModelIdentity.of(tiny_card(), ("smile", "frown"), "onnxruntime-cpu")


def segment(start_s: float, **changes) -> Segment:
    random = np.random.RandomState(int(start_s * 2))
    values = dict(
        start_s=start_s,
        end_s=start_s + 0.5,
        settled=True,
        probabilities=random.rand(19).astype(np.float32),
        memberships=random.rand(18).astype(np.float32),
        intensities=random.rand(6).astype(np.float32),
        class_index=4,
        confidence=0.5,
        modalities=Modality.FACE | Modality.WORDS,
        face_coverage=0.75,
        word_count=3,
        absence=AbsenceReason.NO_FACE,
        components=random.rand(12).astype(np.float32),
        component_mask=random.rand(12) > 0.5,
        rule_indices=(1, 0),
        rule_strengths=(0.5, 0.25),
    )
    return Segment(**{**values, **changes})


def sequence(**changes) -> EmotionSequence:
    values = dict(
        stamp_s=1795202538.75,
        window_start_s=1795202508.5,
        window_end_s=1795202538.5,
        track_id=2,
        face_box=(-3, 4, 50, 60),
        window_reset=True,
        present=True,
        absence=AbsenceReason.PRESENT,
        segments=(segment(1795202538.0), segment(1795202538.5, settled=False, class_index=NO_CLASS)),
        runs=(Run(4, 1795202538.0, 1795202538.5, 0.5, 0.25),),
    )
    return EmotionSequence(**{**values, **changes})


def written(result: EmotionSequence, detail: str = ""):
    """A message of its own."""
    return SequenceMessages().write(result, MODEL, "camera", detail)


def assert_same(found: object, expected: object) -> None:
    assert type(found) is type(expected)
    for name in type(expected).__annotations__:
        one, other = getattr(found, name), getattr(expected, name)
        if isinstance(other, np.ndarray):
            assert np.array_equal(one, other), name
        elif not (isinstance(other, tuple) and other and isinstance(other[0], (Segment, Run))):
            assert one == other, name


def test_a_sequence_survives_the_way_through_a_message():
    there = sequence()
    back = sequence_of_message(written(there))
    assert_same(back, there)
    for found, expected in zip(back.segments + back.runs, there.segments + there.runs):
        assert_same(found, expected)


def test_a_message_written_over_an_older_one_keeps_nothing_of_it():
    messages = SequenceMessages()
    messages.write(sequence(segments=tuple(segment(1795202530.0 + each) for each in range(5))), MODEL, "other")
    newer = sequence(segments=(segment(1795202539.0, rule_indices=(), rule_strengths=()),), runs=(), face_box=None)
    message = messages.write(newer, MODEL, "camera")
    assert message == written(newer)
    assert (len(message.segments), len(message.runs), list(message.face_box)) == (1, 0, [0, 0, 0, 0])
    assert list(message.segments[0].rule_indices) == []


def test_a_message_names_the_model_its_rules_and_its_caveat():
    message = written(sequence())
    assert (message.model_name, message.model_version, message.engine) == ("tiny", "0", "onnxruntime-cpu")
    assert message.caveat == tiny_card().caveat
    assert list(message.rule_names) == ["smile", "frown"]
    assert tuple(message.labels) == CLASS_NAMES
    assert message.component_names[0] == "left_eyebrow"


def test_while_nobody_is_there_the_message_says_why_and_has_no_face_box():
    absent = sequence(present=False, absence=AbsenceReason.BAD_IMAGE)
    message = written(absent, "expected 9 bytes, found 3")
    assert message.reason == "images come that cannot be read (expected 9 bytes, found 3)"
    assert list(message.face_box) == [0, 0, 0, 0]
    assert sequence_of_message(message).face_box is None


def test_a_message_of_another_schema_is_refused():
    message = written(sequence())
    message.schema_version = 9
    with pytest.raises(ValueError, match="expected schema_version 1, found 9"):
        sequence_of_message(message)


def test_the_constants_of_the_message_are_those_of_the_vocabulary():
    for index, name in enumerate(CLASS_NAMES):
        assert getattr(EmotionSegment, name.upper().replace("-", "_")) == index
    for index, name in enumerate(EMOTIONS):
        assert getattr(EmotionSegment, name.upper()) == index
    for reason in AbsenceReason:
        assert getattr(EmotionSegment, f"ABSENCE_{reason.name}") == reason
    for modality in Modality:
        assert getattr(EmotionSegment, f"MODALITY_{modality.name}") == modality
    assert EmotionSegment.NO_CLASS == NO_CLASS


def test_every_absence_has_its_words():
    assert all(bool(reason_text(reason)) == (reason != AbsenceReason.PRESENT) for reason in AbsenceReason)
