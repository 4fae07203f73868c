"""CREMA-D: 7,442 videos of 91 actors who say twelve sentences in six emotions at up to four levels.

On disk, below one folder:
    VideoFlash/1001_DFA_ANG_XX.flv    actor, sentence, emotion ANG DIS FEA HAP NEU SAD, level LO MD HI XX (not set)
    SentenceFilenames.csv             the names of all videos
    VideoDemographics.csv             ActorID, Age, Sex, Race, Ethnicity
    processedResults/summaryTable.csv what raters of voice, face and both saw: the emotion most voted for, and its mean
                                      level 0 to 100; ties as A:D with a level each
Without the videos the labels can be read and counted, the clips cannot be loaded.

What becomes of the labels (labels_from):
- "name": what was acted. LO, MD, HI are low, medium, high. XX: the level that the raters of voice and face together
  gave, where they saw the acted emotion; else unknown: all three levels share, medium stands for them [ours].
- "face", "voice", "multimodal": what those raters saw. A mean level of 0 to 100 is the extent; its nearest level is the
  class, low at least [ours]. Ties share equally; the first one named is the class.
- No sentence has an emotion in its words; they are spread over the clip, since nobody timed them. No components.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.face_reading import FaceReading
from stf2m_ros.data.sets.levels import (
    LEVEL_EDGES,
    UNTIL_THE_END,
    certain_or,
    class_of_extent,
    of_unknown_level,
)
from stf2m_ros.data.sets.pictures import VideoSpan
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.sets.text_files import numbers_of, read_table
from stf2m_ros.emotions import INTENSITIES, NEUTRAL, NEUTRAL_INDEX, NUM_CLASSES, class_index

EMOTION_CODES = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": NEUTRAL,
    "SAD": "sadness",
}
VOTE_CODES = {code[0]: emotion for code, emotion in EMOTION_CODES.items()}
LEVEL_CODES = {"LO": "low", "MD": "medium", "HI": "high", "XX": ""}
SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
VOTE_COLUMNS = {"face": "Face", "voice": "Voice", "multimodal": "MultiModal"}
ACTED = "name"
HIGHEST_LEVEL = 100.0
_NAME = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{2})$")

Votes = Tuple[Tuple[str, float], ...]
"""The emotions most voted for, each with its mean level 0 to 1."""


class Acted(NamedTuple):
    """What a video's name says."""

    actor: str
    sentence: str
    emotion: str
    level: str  # "" if not set


@dataclass(frozen=True)
class CremaD:
    """The tree of the set's repository."""

    folder: Path
    labels_from: str = ACTED
    faces: FaceReading = field(default_factory=FaceReading)
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "crema_d"

    def __post_init__(self) -> None:
        if self.labels_from not in (ACTED, *VOTE_COLUMNS):
            raise ValueError(f"expected labels_from of {(ACTED, *VOTE_COLUMNS)}, found {self.labels_from!r}")

    def recordings(self) -> Iterator[FilmedRecording]:
        """Those of the videos that are there; of all names without a folder of videos."""
        people = self._people()
        votes = self._votes()
        for name in self._names():
            recording = self.left_out.attempt(self._recording, name, people, votes)
            if recording is not None:
                yield recording

    def _names(self) -> List[str]:
        videos = Path(self.folder) / "VideoFlash"
        if videos.is_dir():
            return sorted(path.stem for path in videos.glob("*.flv") if not path.name.startswith("."))
        table = Path(self.folder) / "SentenceFilenames.csv"
        if not table.is_file():
            raise FileNotFoundError(f"{self.folder}: expected CREMA-D with VideoFlash or {table.name}, found neither")
        return [row.fields["Filename"] for row in read_table(table, ("Filename",))]

    def _recording(self, name: str, people: Dict[str, Dict[str, str]], votes: Dict[str, Votes]) -> FilmedRecording:
        acted = read_name(name)
        if self.labels_from == ACTED:
            label = _acted_label(acted, votes.get(name, ()))
        else:
            if name not in votes:
                raise BrokenFileError(self._vote_table, f"a row of {name}", "none")
            label = _voted_label(votes[name])
        return FilmedRecording(
            clip_id=name,
            subject=acted.actor,
            labels=(label,),
            pictures=VideoSpan(Path(self.folder) / "VideoFlash" / f"{name}.flv"),
            faces=self.faces,
            speech=SENTENCES[acted.sentence],
            facts=people.get(acted.actor, {}),
        )

    @property
    def _vote_table(self) -> Path:
        return Path(self.folder) / "processedResults" / "summaryTable.csv"

    def _people(self) -> Dict[str, Dict[str, str]]:
        path = Path(self.folder) / "VideoDemographics.csv"
        if not path.is_file():
            return {}
        rows = (dict(row.fields) for row in read_table(path, ("ActorID", "Age", "Sex", "Race", "Ethnicity")))
        return {person.pop("ActorID"): person for person in rows}

    def _votes(self) -> Dict[str, Votes]:
        """What raters saw in each video; empty without the table, which only labels_from a vote cannot do without."""
        if not self._vote_table.is_file() and self.labels_from == ACTED:
            return {}
        column = VOTE_COLUMNS.get(self.labels_from, "MultiModal")
        votes = {}
        for row in read_table(self._vote_table, ("FileName", f"{column}Vote", f"{column}Level")):
            vote, level = row.fields[f"{column}Vote"], row.fields[f"{column}Level"]
            read = self.left_out.attempt(read_vote, self._vote_table, row.line, vote, level)
            if read is not None:
                votes[row.fields["FileName"]] = read
        return votes


def read_name(name: str) -> Acted:
    """Raises BrokenFileError for a name that is not one of CREMA-D's."""
    match = _NAME.match(name)
    known = match and match[2] in SENTENCES and match[3] in EMOTION_CODES and match[4] in LEVEL_CODES
    if not known:
        raise BrokenFileError(name, "a name such as 1001_DFA_ANG_XX", name)
    return Acted(match[1], match[2], EMOTION_CODES[match[3]], LEVEL_CODES[match[4]])


def read_vote(path: Path, line: int, vote: str, level: str) -> Votes:
    """ "A:D" and "37.2:58.6" to (("anger", 0.372), ("disgust", 0.586)). Raises BrokenFileError."""
    codes, levels = vote.split(":"), level.split(":")
    unknown = [code for code in codes if code not in VOTE_CODES]
    if unknown:
        raise BrokenFileError(path, f"votes of {', '.join(VOTE_CODES)}", vote, line)
    extents = np.array(numbers_of(path, levels, len(codes), line)) / HIGHEST_LEVEL
    if extents.min() < 0 or extents.max() > 1:
        raise BrokenFileError(path, f"levels 0 to {HIGHEST_LEVEL:g}", level, line)
    return tuple((VOTE_CODES[code], float(extent)) for code, extent in zip(codes, extents))


def _acted_label(acted: Acted, votes: Votes) -> LabelInterval:
    if acted.emotion == NEUTRAL:
        return LabelInterval(NEUTRAL_INDEX, 0.0, UNTIL_THE_END)
    if acted.level:
        return LabelInterval(class_index(acted.emotion, acted.level), 0.0, UNTIL_THE_END)
    seen: Optional[float] = dict(votes).get(acted.emotion)
    if seen is None:
        return of_unknown_level([acted.emotion], 0.0, UNTIL_THE_END)
    return LabelInterval(_low_at_least(acted.emotion, seen), 0.0, UNTIL_THE_END)


def _voted_label(votes: Votes) -> LabelInterval:
    classes = [_low_at_least(emotion, extent) for emotion, extent in votes]
    shares = np.zeros(NUM_CLASSES)
    shares[classes] = 1 / len(classes)
    return LabelInterval(classes[0], 0.0, UNTIL_THE_END, certain_or(tuple(shares)))


def _low_at_least(emotion: str, extent: float) -> int:
    if emotion == NEUTRAL:
        return NEUTRAL_INDEX
    return class_index(emotion, INTENSITIES[0]) if extent < LEVEL_EDGES[0] else class_of_extent(emotion, extent)
