"""DISFA as it is passed around in lists: one file of picture names, one of scores, line by line together.

On disk: DISFA_test_img_path_fold1.txt with lines such as SN003/full_0000.png, DISFA_test_label_fold1.txt with twelve
scores 0 to 5 a line (units 1 2 4 5 6 9 12 15 17 20 25 26). The number in a picture's name counts frames from 0, 20 a
second; frames that could not be read are missing. The pictures themselves may be missing: no frames then.

What becomes of the labels: as in disfa.py, by the fuzzy rules. The last row of each person is padding, all zero and of
a frame that the video does not have: it is labelled where rows are counted, and no part of a clip.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import numpy as np

from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.disfa import FRAMES_PER_S, UNITS, ScoredFrames, check_scores, scored_recording
from stf2m_ros.data.sets.face_reading import FaceReading
from stf2m_ros.data.sets.pictures import PictureFiles
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.sets.text_files import read_lines, read_numbers

PADDING_ROWS = 1
_NAME = re.compile(r"(?:.*/)?([^/]+)/\D*(\d+)\.\w+$")


@dataclass(frozen=True)
class DisfaList:
    """A pair of lists. images: the folder that the names are relative to, if the pictures are at hand."""

    paths_file: Path
    labels_file: Path
    labelling: RuleLabelling
    images: Optional[Path] = None
    faces: FaceReading = field(default_factory=FaceReading)
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "disfa"

    @staticmethod
    def pairs_in(folder: Path) -> List[Tuple[Path, Path]]:
        """The pairs of lists that stand in a folder."""
        lists = sorted(Path(folder).glob("*_img_path*.txt"))
        pairs = [(path, path.with_name(path.name.replace("_img_path", "_label"))) for path in lists]
        return [pair for pair in pairs if pair[1].is_file()]

    def scored_frames(self) -> Iterator[ScoredFrames]:
        """Person by person, every row of the lists. Broken lists cannot be skipped: their rows belong together."""
        names, scores = self._names_and_scores()
        subjects, numbers = _parsed(self.paths_file, names)
        firsts = [0, *(np.flatnonzero(np.diff(subjects)) + 1).tolist(), len(names)]
        seen = set()
        for first, end in zip(firsts, firsts[1:]):
            subject = _NAME.match(names[first]).group(1)
            if subject in seen:
                raise BrokenFileError(self.paths_file, "each person's rows together", names[first], first + 1)
            seen.add(subject)
            yield ScoredFrames(subject, numbers[first:end], scores[first:end], tuple(names[first:end]))

    def recordings(self) -> Iterator[FilmedRecording]:
        for frames in self.scored_frames():
            filmed = _without_padding(frames)
            pictures = None
            if self.images is not None:
                paths = tuple(Path(self.images) / name for name in filmed.names)
                pictures = PictureFiles(paths, tuple(filmed.frame_s), every_s=2 / FRAMES_PER_S)
            yield scored_recording(filmed, pictures, self.faces, self.labelling)

    def _names_and_scores(self) -> Tuple[List[str], np.ndarray]:
        names = [line.strip() for line in read_lines(self.paths_file)]
        while names and not names[-1]:
            names.pop()
        scores = read_numbers(self.labels_file, len(UNITS))
        check_scores(self.labels_file, scores)
        if len(names) != len(scores):
            raise BrokenFileError(self.labels_file, f"{len(names)} rows, as in {self.paths_file.name}", len(scores))
        return names, scores


def _parsed(path: Path, names: List[str]) -> Tuple[np.ndarray, np.ndarray]:
    """(N,) a number for each subject, counting changes; (N,) frame numbers."""
    matches = list(map(_NAME.match, names))
    if None in matches:
        line = matches.index(None)
        raise BrokenFileError(path, "a name such as SN003/full_0000.png", names[line], line + 1)
    subjects = [match[1] for match in matches]
    numbers = np.array([match[2] for match in matches]).astype(int)
    changed = [before != after for before, after in zip(subjects, subjects[1:])]
    changes = np.concatenate([[0], np.cumsum(changed, dtype=int)])
    backwards = np.flatnonzero((np.diff(numbers) <= 0) & (np.diff(changes) == 0))
    if len(backwards):
        line = int(backwards[0]) + 1
        raise BrokenFileError(path, "frame numbers that ascend", names[line], line + 1)
    return changes, numbers


def _without_padding(frames: ScoredFrames) -> ScoredFrames:
    kept = slice(0, max(1, len(frames.number) - PADDING_ROWS))
    return ScoredFrames(frames.subject, frames.number[kept], frames.scores[kept], frames.names[kept])
