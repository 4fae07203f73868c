import json

import numpy as np

from stf2m_ros.runtime.emotion_sequence import (
    NO_CLASS,
    AbsenceReason,
    EmotionSequence,
    Modality,
    Run,
    Segment,
    to_dict,
)


def a_segment(class_index: int = 2, modalities: Modality = Modality.FACE | Modality.WORDS) -> Segment:
    return Segment(
        start_s=1.8e9 + 0.5,
        end_s=1.8e9 + 1.0,
        settled=True,
        probabilities=np.full(19, 1 / 19, np.float32),
        memberships=np.zeros(18, np.float32),
        intensities=np.zeros(6, np.float32),
        class_index=class_index,
        confidence=1 / 3,
        modalities=modalities,
        face_coverage=0.8,
        word_count=2,
        absence=AbsenceReason.NO_FACE,
        components=np.zeros(12, np.float32),
        component_mask=np.ones(12, bool),
        rule_indices=(3, 1),
        rule_strengths=(0.75, 0.123456),
    )


def a_sequence() -> EmotionSequence:
    return EmotionSequence(
        stamp_s=1.8e9 + 1.1,
        window_start_s=1.8e9 - 29,
        window_end_s=1.8e9 + 1,
        track_id=1,
        face_box=(10, 20, 30, 30),
        window_reset=False,
        present=True,
        absence=AbsenceReason.PRESENT,
        segments=(a_segment(),),
        runs=(Run(2, 1.8e9, 1.8e9 + 1, 0.5, 1.0),),
    )


def test_a_sequence_survives_json() -> None:
    plain = json.loads(json.dumps(to_dict(a_sequence())))
    assert plain["face_box"] == [10, 20, 30, 30]
    assert plain["stamp_s"] == 1.8e9 + 1.1
    assert plain["absence"] == "present"
    assert plain["runs"][0]["label"] == "happiness-high"
    assert plain["segments"][0]["rule_strengths"] == [0.75, 0.1235]
    assert plain["segments"][0]["component_mask"] == [True] * 12
    assert plain["segments"][0]["confidence"] == 0.3333


def test_modalities_and_reasons_are_words() -> None:
    plain = to_dict(a_segment())
    assert plain["modalities"] == ["face", "words"]
    assert plain["absence"] == "no_face"


def test_a_segment_without_a_class_has_no_label() -> None:
    assert to_dict(a_segment(class_index=NO_CLASS, modalities=Modality.NOTHING))["label"] is None
