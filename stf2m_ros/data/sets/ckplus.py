"""CK+ as it is distributed: posed expressions of 123 people, each sequence from the neutral face to the apex.

On disk, below one folder (the file names of a sequence share its name, S005_001):
    cohn-kanade-images/S005/001/S005_001_00000001.png   30 pictures a second
    Emotion/S005/001/S005_001_00000011_emotion.txt      one number 0 to 7; 327 of the 593 sequences have it
    FACS/S005/001/S005_001_00000011_facs.txt            rows of action unit and intensity at the apex
    Landmarks/S005/001/S005_001_00000001_landmarks.txt  68 rows of x and y, one file for each picture

What becomes of the labels:
- 0 neutral, 1 anger, 3 disgust, 4 fear, 5 happy(ness), 6 sadness, 7 surprise. 2, contempt, has no class: such a
  sequence keeps its neutral onset only, and so do the sequences without an emotion.
- Intensity [ours]: CK+ gives none. A picture's extent is how far its landmarks have gone from the first picture's to
  the apex's (linear in time without landmarks); the nearest of neutral, a third, two thirds, all of the way is its
  level.
- Components: from the action units at the apex, those not named being 0; an intensity of 0 means "not judged" and is
  taken for C = 3 [ours]. At other pictures they are the apex's times the extent [ours].
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import numpy as np

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.face_reading import FaceReading
from stf2m_ros.data.sets.levels import NO_CLASS, class_of_extent, intervals_of_frames
from stf2m_ros.data.sets.pictures import PictureFiles, pictures_in
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.sets.text_files import numbers_of, read_lines, read_numbers
from stf2m_ros.emotions import NEUTRAL_INDEX
from stf2m_ros.fuzzy.components import COMPONENT_TABLE, MAX_SCORE, states_from_action_units

FRAMES_PER_S = 30.0
CONTEMPT = "contempt"
EMOTION_CODES = ("neutral", "anger", CONTEMPT, "disgust", "fear", "happiness", "sadness", "surprise")
NOT_JUDGED, TAKEN_FOR = 0.0, 3.0
LANDMARKS = 68
STILL_POINTS = (27, 28, 29, 30, 36, 39, 42, 45)
"""The bridge of the nose and the corners of the eyes, which no expression moves: they show how the head moved."""


@dataclass(frozen=True)
class CkPlus:
    """The original tree. A sequence without pictures cannot be read; one without an emotion can."""

    folder: Path
    faces: FaceReading = field(default_factory=FaceReading)
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "ckplus"

    def recordings(self) -> Iterator[FilmedRecording]:
        """Raises FileNotFoundError where there is no such tree."""
        images = Path(self.folder) / "cohn-kanade-images"
        if not images.is_dir():
            raise FileNotFoundError(f"{self.folder}: expected CK+ with a folder cohn-kanade-images, found none")
        for sequence in sorted(path for path in images.glob("S*/[0-9]*") if path.is_dir()):
            recording = self.left_out.attempt(self._recording, sequence.parent.name, sequence.name)
            if recording is not None:
                yield recording

    def _recording(self, subject: str, number: str) -> FilmedRecording:
        paths = pictures_in(Path(self.folder) / "cohn-kanade-images" / subject / number)
        if len(paths) < 2:
            folder = Path(self.folder) / "cohn-kanade-images" / subject / number
            raise BrokenFileError(folder, "pictures from neutral to apex", f"{len(paths)} of them")
        emotion = self._emotion(subject, number)
        if emotion == CONTEMPT:
            self.left_out.without_class[CONTEMPT] += 1
        extents = self._extents(subject, number, paths)
        frame_s = np.arange(len(paths)) / FRAMES_PER_S
        apex = self._apex_components(subject, number)
        return FilmedRecording(
            clip_id=f"{subject}_{number}",
            subject=subject,
            labels=intervals_of_frames(_classes(emotion, extents), frame_s, 1 / FRAMES_PER_S),
            pictures=PictureFiles(paths, tuple(frame_s)),
            faces=self.faces,
            components=None if apex is None else (extents[:, None] * apex).astype(np.float32),
            components_s=tuple(frame_s),
        )

    def _emotion(self, subject: str, number: str) -> Optional[str]:
        path = self._only_file("Emotion", subject, number, "_emotion.txt")
        if path is None:
            return None
        lines = [(line, text) for line, text in enumerate(read_lines(path), start=1) if text.strip()]
        if len(lines) != 1:
            raise BrokenFileError(path, "one line with one number", f"{len(lines)} lines")
        line, text = lines[0]
        (code,) = numbers_of(path, text.split(), 1, line)
        if code not in range(len(EMOTION_CODES)):
            raise BrokenFileError(path, f"an emotion from 0 to {len(EMOTION_CODES) - 1}", f"{code:g}", line)
        return EMOTION_CODES[int(code)]

    def _apex_components(self, subject: str, number: str) -> Optional[np.ndarray]:
        """(12,) states at the apex; None without a FACS file."""
        path = self._only_file("FACS", subject, number, "_facs.txt")
        if path is None:
            return None
        scores = {unit: 0.0 for component in COMPONENT_TABLE for unit in (*component.up, *component.down)}
        for line, text in enumerate(read_lines(path), start=1):
            if text.strip():
                unit, intensity = numbers_of(path, text.split(), 2, line)
                if unit != int(unit) or not 0 <= intensity <= MAX_SCORE:
                    raise BrokenFileError(path, f"an action unit and its intensity 0 to {MAX_SCORE:g}", text, line)
                scores[int(unit)] = TAKEN_FOR if intensity == NOT_JUDGED else intensity
        return states_from_action_units({unit: np.array([score]) for unit, score in scores.items()})[0]

    def _extents(self, subject: str, number: str, paths: Tuple[Path, ...]) -> np.ndarray:
        """(P,) how far each picture is on the way from neutral to apex, 0 to 1."""
        folder = Path(self.folder) / "Landmarks" / subject / number
        files = [folder / f"{path.stem}_landmarks.txt" for path in paths]
        if not folder.is_dir() or not any(file.is_file() for file in files):
            return np.linspace(0, 1, len(paths))
        return extents_of_landmarks(np.stack([self._points(file) for file in files]))

    @staticmethod
    def _points(file: Path) -> np.ndarray:
        points = read_numbers(file, 2)
        if len(points) != LANDMARKS:
            raise BrokenFileError(file, f"{LANDMARKS} rows of x and y", f"{len(points)} rows")
        return points

    def _only_file(self, kind: str, subject: str, number: str, ending: str) -> Optional[Path]:
        folder = Path(self.folder) / kind / subject / number
        found: List[Path] = sorted(path for path in folder.glob(f"*{ending}") if not path.name.startswith("."))
        if len(found) > 1:
            raise BrokenFileError(folder, f"one file *{ending}", f"{len(found)}: {found[1].name}")
        return found[0] if found else None


def _classes(emotion: Optional[str], extents: np.ndarray) -> np.ndarray:
    if emotion == "neutral":
        return np.full(len(extents), NEUTRAL_INDEX)
    if emotion in (None, CONTEMPT):
        onset = np.array([class_of_extent("anger", extent) for extent in extents]) == NEUTRAL_INDEX
        return np.where(onset, NEUTRAL_INDEX, NO_CLASS)
    return np.array([class_of_extent(emotion, extent) for extent in extents])


def extents_of_landmarks(points: np.ndarray) -> np.ndarray:
    """(P, 68, 2) -> (P,): each face's step along the way from the first to the last, the head's own movement removed.

    [ours] The projection on the whole way, not the distance: the points' noise would count as movement there.
    """
    settled = np.stack([_laid_over(face, points[0]) for face in points])
    way = (settled[-1] - settled[0]).ravel()
    steps = (settled - settled[0]).reshape(len(points), -1)
    return np.clip(steps @ way / max(float(way @ way), 1e-9), 0, 1)


def _laid_over(face: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The face moved, turned and scaled so that its still points lie on the other's, in least squares."""
    moved, target = (points - points[list(STILL_POINTS)].mean(0) for points in (face, other))
    # As complex numbers a turn with a scale is one factor.
    from_, to = (points[list(STILL_POINTS)] @ np.array([1, 1j]) for points in (moved, target))
    laid = (moved @ np.array([1, 1j])) * (np.vdot(from_, to) / max(np.vdot(from_, from_).real, 1e-9))
    return np.stack([laid.real, laid.imag], axis=1)
