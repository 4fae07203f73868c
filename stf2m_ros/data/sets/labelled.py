"""Data sets without emotions, labelled by the rules: DISFA-FER, WFLW-FER, and a manifest's own recordings."""

from typing import Iterator, Union

import numpy as np

from stf2m_ros.data.label_table import LabelledRows, place_texts
from stf2m_ros.data.rule_labels import RuleLabelling, label_action_units, label_states
from stf2m_ros.data.sets.broken import BrokenFileError
from stf2m_ros.data.sets.disfa import UNITS, Disfa, ScoredFrames
from stf2m_ros.data.sets.disfa_list import DisfaList
from stf2m_ros.data.sets.manifest import Manifest, ManifestRecording
from stf2m_ros.data.sets.wflw import Wflw, label_faces
from stf2m_ros.data.sets.wflw_coco import WflwCoco

Labellable = Union[Disfa, DisfaList, Wflw, WflwCoco, Manifest]

FIRST_FRAME = 1  # DISFA's files of scores count from here


def labelled_rows(data_set: Labellable, how: RuleLabelling) -> Iterator[LabelledRows]:
    """The set's faces with their labels, recording by recording. Raises BrokenFileError."""
    if isinstance(data_set, (Disfa, DisfaList)):
        return (label_scored(frames, how) for frames in data_set.scored_frames())
    if isinstance(data_set, Manifest):
        return _label_manifest(data_set, how)
    return _label_faces(data_set, how)


def label_scored(frames: ScoredFrames, how: RuleLabelling) -> LabelledRows:
    """One person's scored frames."""
    pictures = frames.names or ("",) * len(frames.number)
    numbers = frames.number + (0 if frames.names else FIRST_FRAME)
    places = place_texts(pictures, numbers.tolist(), frames.frame_s.tolist())
    labels = label_action_units(frames.scores, UNITS, how)
    return LabelledRows(frames.subject, places, labels, frames.frame_s)


def _label_faces(data_set: Union[Wflw, WflwCoco], how: RuleLabelling) -> Iterator[LabelledRows]:
    path = data_set.list_file if isinstance(data_set, Wflw) else data_set.json_file
    marked = data_set.marked_faces()
    labels, _ = label_faces(path, marked, how)
    places = place_texts([face.picture for face in marked], [face.number for face in marked], ())
    yield LabelledRows(path.stem, places, labels, np.full(len(marked), np.nan))


def _label_manifest(data_set: Manifest, how: RuleLabelling) -> Iterator[LabelledRows]:
    for recording in data_set.recordings():
        rows = data_set.left_out.attempt(_label_recording, data_set, recording, how)
        if rows is not None:
            yield rows


def _label_recording(data_set: Manifest, recording: ManifestRecording, how: RuleLabelling) -> LabelledRows:
    states = recording.states()
    if states is None:
        raise BrokenFileError(data_set.path, "action_units or landmarks", "neither", f"clip {recording.clip_id}")
    if states.action_units:
        units = tuple(states.action_units)
        scores = np.stack([states.action_units[unit] for unit in units], axis=1)
        labels = label_action_units(scores, units, how)
    else:
        labels = label_states(states.states, how)
    places = place_texts([""] * len(states.time_s), range(len(states.time_s)), states.time_s.tolist())
    return LabelledRows(recording.clip_id, places, labels, states.time_s)
