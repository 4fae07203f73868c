"""Results to messages and back."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Optional, Sequence, Tuple

import numpy as np
from builtin_interfaces.msg import Time

from stf2m_msgs import msg as stf2m
from stf2m_ros.node.stamps import seconds_of, time_of
from stf2m_ros.runtime.card import BundleCard
from stf2m_ros.runtime.emotion_sequence import AbsenceReason, EmotionSequence, Modality, Run, Segment

_REASONS = {
    AbsenceReason.PRESENT: "",
    AbsenceReason.WINDOW_FILLING: "nothing seen yet",
    AbsenceReason.NO_IMAGES: "no images come",
    AbsenceReason.NO_FACE: "no face in the images",
    AbsenceReason.OTHER_PERSON: "somebody else is there, not the followed person",
    AbsenceReason.BAD_IMAGE: "images come that cannot be read",
}


@dataclass(frozen=True)
class ModelIdentity:
    """What every message says of the model that made it."""

    name: str
    version: str
    engine: str
    caveat: str
    labels: Tuple[str, ...]
    component_names: Tuple[str, ...]
    rule_names: Tuple[str, ...]

    @classmethod
    def of(cls, card: BundleCard, rule_names: Tuple[str, ...], engine: str) -> "ModelIdentity":
        return cls(card.name, card.model_version, engine, card.caveat, card.classes, card.components, rule_names)


class SequenceMessages:
    """Writes every result into one and the same message, which is to be sent before the next is written.

    Making the message's sixty segments anew for every result took longer than sending them.
    """

    def __init__(self) -> None:
        self._message = stf2m.EmotionSequence()

    def write(
        self, sequence: EmotionSequence, model: ModelIdentity, frame_id: str, detail: str = ""
    ) -> stf2m.EmotionSequence:
        """The message of one result. detail: what is known of why nobody is seen, for people."""
        message = self._message
        message.header.stamp = time_of(sequence.stamp_s)
        message.header.frame_id = frame_id
        message.track_id = sequence.track_id
        box = sequence.face_box if sequence.present and sequence.face_box is not None else (0, 0, 0, 0)
        message.face_box = np.array(box, np.int32)
        message.window_reset = bool(sequence.window_reset)
        message.present = bool(sequence.present)
        message.absence = int(sequence.absence)
        message.reason = "" if sequence.present else reason_text(sequence.absence, detail)
        message.window_start = time_of(sequence.window_start_s)
        message.window_end = time_of(sequence.window_end_s)
        self._write_segments(sequence.segments)
        message.runs = [_message_of_run(run) for run in sequence.runs]
        _write_model(message, model)
        return message

    def _write_segments(self, segments: Sequence[Segment]) -> None:
        messages = self._message.segments
        messages += [stf2m.EmotionSegment() for _ in range(len(segments) - len(messages))]
        del messages[len(segments) :]
        for message, segment in zip(messages, segments):
            _write_segment(message, segment)


def reason_text(absence: AbsenceReason, detail: str = "") -> str:
    """Why nobody is seen, in words; empty while somebody is."""
    text = _REASONS[AbsenceReason(absence)]
    return f"{text} ({detail})" if text and detail else text


def sequence_of_message(message: stf2m.EmotionSequence) -> EmotionSequence:
    """The result that a message carries. Raises ValueError for a message of another schema."""
    if message.schema_version != message.SCHEMA_VERSION:
        raise ValueError(
            f"EmotionSequence: expected schema_version {message.SCHEMA_VERSION}, found {message.schema_version}"
        )
    return EmotionSequence(
        stamp_s=seconds_of(message.header.stamp),
        window_start_s=seconds_of(message.window_start),
        window_end_s=seconds_of(message.window_end),
        track_id=message.track_id,
        face_box=_box_of(message.face_box),
        window_reset=message.window_reset,
        present=message.present,
        absence=AbsenceReason(message.absence),
        segments=tuple(_segment_of(each) for each in message.segments),
        runs=tuple(_run_of(each) for each in message.runs),
    )


def _write_model(message: stf2m.EmotionSequence, model: ModelIdentity) -> None:
    message.schema_version = stf2m.EmotionSequence.SCHEMA_VERSION
    message.labels = list(model.labels)
    message.component_names = list(model.component_names)
    message.rule_names = list(model.rule_names)
    message.model_name = model.name
    message.model_version = model.version
    message.engine = model.engine
    message.caveat = model.caveat


def _write_segment(message: stf2m.EmotionSegment, segment: Segment) -> None:
    message.start = _edge(segment.start_s)
    message.end = _edge(segment.end_s)
    message.settled = bool(segment.settled)
    message.probabilities = np.asarray(segment.probabilities, np.float32)
    message.memberships = np.asarray(segment.memberships, np.float32)
    message.intensities = np.asarray(segment.intensities, np.float32)
    message.class_index = int(segment.class_index)
    message.confidence = float(segment.confidence)
    message.modalities = int(segment.modalities)
    message.face_coverage = float(segment.face_coverage)
    message.word_count = int(segment.word_count)
    message.absence = int(segment.absence)
    message.components = np.asarray(segment.components, np.float32)
    message.component_mask = segment.component_mask.tolist()
    message.rule_indices = segment.rule_indices
    message.rule_strengths = segment.rule_strengths


@lru_cache(maxsize=256)
def _edge(stamp_s: float) -> Time:
    """The time of a segment's edge: all but one are those of the hop before. Not to be written to."""
    return time_of(stamp_s)


def _message_of_run(run: Run) -> stf2m.EmotionRun:
    return stf2m.EmotionRun(
        class_index=int(run.class_index),
        start=time_of(run.start_s),
        end=time_of(run.end_s),
        confidence=float(run.confidence),
        intensity=float(run.intensity),
    )


def _segment_of(message: stf2m.EmotionSegment) -> Segment:
    return Segment(
        start_s=seconds_of(message.start),
        end_s=seconds_of(message.end),
        settled=message.settled,
        probabilities=np.array(message.probabilities, np.float32),
        memberships=np.array(message.memberships, np.float32),
        intensities=np.array(message.intensities, np.float32),
        class_index=message.class_index,
        confidence=message.confidence,
        modalities=Modality(message.modalities),
        face_coverage=message.face_coverage,
        word_count=message.word_count,
        absence=AbsenceReason(message.absence),
        components=np.array(message.components, np.float32),
        component_mask=np.array(message.component_mask, bool),
        rule_indices=tuple(message.rule_indices),
        rule_strengths=tuple(message.rule_strengths),
    )


def _run_of(message: stf2m.EmotionRun) -> Run:
    return Run(
        message.class_index,
        seconds_of(message.start),
        seconds_of(message.end),
        message.confidence,
        message.intensity,
    )


def _box_of(values: np.ndarray) -> Optional[Tuple[int, int, int, int]]:
    x, y, width, height = (int(each) for each in values)
    return (x, y, width, height) if width and height else None
