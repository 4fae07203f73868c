"""DISFA as it is distributed: 27 people watching a film for four minutes, twelve action units scored in every frame.

On disk, below one folder:
    ActionUnit_Labels/SN001/SN001_au1.txt  rows "frame,intensity": frames from 1, intensities 0 to 5
    .../LeftVideoSN001_comp.avi, .../RightVideoSN001_comp.avi  20 frames a second, in whatever folder they stand
The videos may be missing: the clips then hold components and labels, and no frames.

What becomes of the labels: DISFA scores action units, no emotions. The twelve units give the components (nostril stays
undetermined: unit 38 was not scored), and the fuzzy rules give each frame its class; neighbouring frames of one class
are one label. Source: METHOD section 3, use (ii), "DISFA-FER". `label disfa` writes them with the rule behind each.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Optional, Tuple

import numpy as np

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.rule_labels import RuleLabelling, label_action_units
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.face_reading import FaceReading
from stf2m_ros.data.sets.levels import intervals_of_frames
from stf2m_ros.data.sets.pictures import PictureSource, VideoSpan
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.sets.text_files import read_numbers
from stf2m_ros.fuzzy.components import MAX_SCORE, states_from_action_units

UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
FRAMES_PER_S = 20.0
LABELS_FOLDER = "ActionUnit_Labels"
CAMERAS = ("left", "right")


@dataclass(frozen=True, eq=False)
class ScoredFrames:
    """One person's frames. number counts from 0 at the video's start."""

    subject: str
    number: np.ndarray  # (N,)
    scores: np.ndarray  # (N, 12) in the order of UNITS
    names: Tuple[str, ...] = ()  # (N,) of picture files, where the set lists them

    @property
    def frame_s(self) -> np.ndarray:
        return self.number / FRAMES_PER_S


@dataclass(frozen=True)
class Disfa:
    """The original tree. camera: which of the two videos is shown; both show the same person."""

    folder: Path
    labelling: RuleLabelling
    camera: str = "left"
    faces: FaceReading = field(default_factory=FaceReading)
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "disfa"

    def __post_init__(self) -> None:
        if self.camera not in CAMERAS:
            raise ValueError(f"expected camera {' or '.join(CAMERAS)}, found {self.camera!r}")

    def scored_frames(self) -> Iterator[ScoredFrames]:
        """Person by person. Raises FileNotFoundError where there is no such tree."""
        people = sorted(path for path in (Path(self.folder) / LABELS_FOLDER).glob("SN*") if path.is_dir())
        if not people:
            raise FileNotFoundError(f"{self.folder}: expected DISFA with {LABELS_FOLDER}/SN001, found no such folder")
        for person in people:
            frames = self.left_out.attempt(_read_person, person)
            if frames is not None:
                yield frames

    def recordings(self) -> Iterator[FilmedRecording]:
        videos = {path.name: path for path in sorted(Path(self.folder).rglob("*VideoSN*_comp.avi"))}
        for frames in self.scored_frames():
            video = videos.get(f"{self.camera.capitalize()}Video{frames.subject}_comp.avi")
            pictures = None if video is None else VideoSpan(video)
            yield scored_recording(frames, pictures, self.faces, self.labelling)


def scored_recording(
    frames: ScoredFrames, pictures: Optional[PictureSource], faces: FaceReading, labelling: RuleLabelling
) -> FilmedRecording:
    """One person's recording, its labels by the rules."""
    return FilmedRecording(
        clip_id=f"disfa-{frames.subject}",
        subject=frames.subject,
        labels=rule_intervals(frames, labelling),
        pictures=pictures,
        faces=faces,
        components=states_from_action_units(dict(zip(UNITS, frames.scores.T))),
        components_s=tuple(frames.frame_s),
    )


def rule_intervals(frames: ScoredFrames, labelling: RuleLabelling) -> Tuple[LabelInterval, ...]:
    """What the rules say of each frame, neighbours of one class together."""
    classes = label_action_units(frames.scores, UNITS, labelling).classes
    return intervals_of_frames(classes, frames.frame_s, 1 / FRAMES_PER_S)


def _read_person(folder: Path) -> ScoredFrames:
    columns = [_read_unit(folder / f"{folder.name}_au{unit}.txt") for unit in UNITS]
    for unit, column in zip(UNITS, columns):
        if len(column) != len(columns[0]):
            path = folder / f"{folder.name}_au{unit}.txt"
            raise BrokenFileError(path, f"{len(columns[0])} rows, as in the other units' files", len(column))
    return ScoredFrames(folder.name, np.arange(len(columns[0])), np.stack(columns, axis=1))


def _read_unit(path: Path) -> np.ndarray:
    """(N,) scores of frames 1 to N."""
    rows = read_numbers(path, 2, delimiter=",")
    out_of_order = np.flatnonzero(rows[:, 0] != np.arange(1, len(rows) + 1))
    if len(out_of_order):
        line = int(out_of_order[0]) + 1
        raise BrokenFileError(path, f"frame {line}", f"{rows[line - 1, 0]:g}", line)
    check_scores(path, rows[:, 1:])
    return rows[:, 1]


def check_scores(path: Path, scores: np.ndarray) -> None:
    """Raise BrokenFileError for the first row that holds anything but whole scores 0 to 5."""
    wrong = ((scores < 0) | (scores > MAX_SCORE) | (scores != np.floor(scores))).any(axis=1)
    if wrong.any():
        line = int(np.flatnonzero(wrong)[0])
        found = " ".join(f"{score:g}" for score in scores[line])
        raise BrokenFileError(path, f"intensities 0 to {MAX_SCORE:g}", found, line + 1)
