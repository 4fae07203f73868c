"""WFLW as it is distributed: 10,000 faces in photographs, 98 landmarks and six attributes each.

On disk, below one folder:
    WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_train.txt
        a line a face: 196 coordinates, the box's x y x y, the attributes pose, expression, illumination, make-up,
        occlusion, blur (0 or 1), and the picture's name
    WFLW_images/0--Parade/0_Parade_marchingband_1_116.jpg
The pictures may be missing (no frames then).

What becomes of the labels: WFLW has none. Landmarks give the components, compared with the median face of the list,
since nobody's own neutral face is known (nose and nostril stay undetermined); the fuzzy rules give the class.
Source: METHOD sections 2 and 3, use (ii), "WFLW-FER". A face is a clip of one picture. Nobody says who is who: the
picture is the subject, so that the faces of one photograph are never parted.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.rule_labels import RuleLabelling, RuleLabels, label_states
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.face_reading import FaceReading
from stf2m_ros.data.sets.levels import NO_CLASS, UNTIL_THE_END
from stf2m_ros.data.sets.pictures import PictureFiles
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.sets.text_files import numbers_of, read_lines
from stf2m_ros.fuzzy.landmarks import NUM_LANDMARKS, states_from_landmarks
from stf2m_ros.stream.face_detectors import box_of_landmarks

ATTRIBUTES = ("pose", "expression", "illumination", "make-up", "occlusion", "blur")
EYES_NOSE_MOUTH = (96, 97, 54, 76, 82)
"""Pupils, tip of the nose, corners of the mouth: what places the robot's face box."""

_BOX_VALUES = 4


class MarkedFace(NamedTuple):
    """One face of a list, by its number there. Image coordinates."""

    number: int
    points: np.ndarray  # (98, 2)
    picture: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Wflw:
    """One of WFLW's lists. images: the folder WFLW_images, if at hand."""

    list_file: Path
    labelling: RuleLabelling
    images: Optional[Path] = None
    faces: FaceReading = field(default_factory=FaceReading)
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "wflw"

    @staticmethod
    def lists_in(folder: Path) -> List[Path]:
        """The lists of training and test faces below a folder."""
        return sorted(Path(folder).rglob("list_98pt_rect_attr_*.txt"))

    def marked_faces(self) -> List[MarkedFace]:
        """All faces of the list; their landmarks are 16 MB, and the median face needs them all."""
        lines = enumerate(read_lines(self.list_file), start=1)
        read = (
            self.left_out.attempt(_face_of_line, self.list_file, line, text) for line, text in lines if text.strip()
        )
        return [face for face in read if face is not None]

    def recordings(self) -> Iterator[FilmedRecording]:
        yield from marked_recordings(self.list_file, self.marked_faces(), self.images, self.faces, self.labelling)


def label_faces(path: Path, marked: List[MarkedFace], labelling: RuleLabelling) -> Tuple[RuleLabels, str]:
    """The rules' labels, and what the faces were compared with."""
    if not marked:
        raise BrokenFileError(path, "at least one face", "none")
    landmark_states = states_from_landmarks(np.stack([face.points for face in marked]))
    return label_states(landmark_states.states, labelling), landmark_states.reference


def marked_recordings(
    path: Path, marked: List[MarkedFace], images: Optional[Path], faces: FaceReading, labelling: RuleLabelling
) -> Iterator[FilmedRecording]:
    """A clip of one picture for each face, its label by the rules."""
    labels, reference = label_faces(path, marked, labelling)
    for row, (face, class_index) in enumerate(zip(marked, labels.classes)):
        yield FilmedRecording(
            clip_id=f"wflw-{path.stem}-{face.number:05d}",
            subject=Path(face.picture).name,
            labels=() if class_index == NO_CLASS else (LabelInterval(int(class_index), 0.0, UNTIL_THE_END),),
            pictures=None if images is None else _picture(Path(images) / face.picture, face.points),
            faces=faces,
            components=labels.states[row : row + 1],
            components_s=(0.0,),
            facts={**face.facts, "compared with": reference},
        )


def _picture(path: Path, points: np.ndarray) -> PictureFiles:
    return PictureFiles((path,), (0.0,), box_of_landmarks(points[list(EYES_NOSE_MOUTH)]))


def _face_of_line(path: Path, line: int, text: str) -> MarkedFace:
    numbers = 2 * NUM_LANDMARKS + _BOX_VALUES + len(ATTRIBUTES)
    words = text.split(maxsplit=numbers)
    if len(words) != numbers + 1:
        raise BrokenFileError(path, f"{numbers} numbers and a picture's name", f"{len(words)} words: {text}", line)
    values = numbers_of(path, words[:numbers], numbers, line)
    flags = values[-len(ATTRIBUTES) :]
    if any(flag not in (0, 1) for flag in flags):
        raise BrokenFileError(path, f"{len(ATTRIBUTES)} attributes of 0 or 1", flags, line)
    points = np.array(values[: 2 * NUM_LANDMARKS], np.float32).reshape(NUM_LANDMARKS, 2)
    return MarkedFace(line, points, words[-1].strip(), {name: str(int(flag)) for name, flag in zip(ATTRIBUTES, flags)})
