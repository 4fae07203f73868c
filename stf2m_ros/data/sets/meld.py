"""MELD: utterances of a television series with the emotion of each.

On disk: train_sent_emo.csv, dev_sent_emo.csv, test_sent_emo.csv with the columns Utterance, Speaker, Emotion,
Dialogue_ID, Utterance_ID, StartTime and EndTime ("00:20:57,256" of the episode); videos dia0_utt0.mp4 in a folder.
Without the folder a clip holds words only. One table is read: of a folder that holds several train_sent_emo.csv.

What becomes of the labels: seven emotions, joy being happiness; neutral is neutral. No level is given: the three levels
of the emotion share the label equally, and medium stands for them [ours]. No components. An utterance is a clip, the
speaker its subject; words are spread over its time, since only the utterance is timed.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Optional

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.face_reading import FaceReading
from stf2m_ros.data.sets.levels import of_unknown_level
from stf2m_ros.data.sets.pictures import VideoSpan
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.data.sets.text_files import Row, read_table
from stf2m_ros.emotions import EMOTIONS, NEUTRAL
from stf2m_ros.stream.utterance import clean_text, split_words, spread_words

COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID", "StartTime", "EndTime")
TRAINING_TABLE = "train_sent_emo.csv"
EMOTION_NAMES = {"joy": "happiness", **{name: name for name in (*EMOTIONS, NEUTRAL) if name != "happiness"}}
_TIME = re.compile(r"(\d+):([0-5]?\d):([0-5]?\d)([,.]\d{1,3})$")


@dataclass(frozen=True)
class Meld:
    """One of MELD's tables. videos: the folder of its videos, if at hand."""

    table: Path
    videos: Optional[Path] = None
    faces: FaceReading = field(default_factory=FaceReading)
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "meld"

    @staticmethod
    def table_in(folder: Path) -> Path:
        """The only table of a folder, or that of its training part. Raises FileNotFoundError where there is neither."""
        tables = sorted(folder.glob("*_sent_emo.csv"))
        chosen = tables if len(tables) == 1 else [table for table in tables if table.name == TRAINING_TABLE]
        if not chosen:
            found = ", ".join(table.name for table in tables) or "none of them"
            raise FileNotFoundError(f"{folder}: expected {TRAINING_TABLE} or one other *_sent_emo.csv, found {found}")
        return chosen[0]

    def recordings(self) -> Iterator[FilmedRecording]:
        for row in read_table(Path(self.table), COLUMNS, left_out=self.left_out):
            recording = self.left_out.attempt(self._recording, row)
            if recording is not None:
                yield recording

    def _recording(self, row: Row) -> FilmedRecording:
        fields, table = row.fields, Path(self.table)
        emotion = EMOTION_NAMES.get(fields["Emotion"].strip().lower())
        if emotion is None:
            raise BrokenFileError(table, f"an emotion of {', '.join(EMOTION_NAMES)}", fields["Emotion"], row.line)
        start_s, end_s = (self._seconds(fields[column], row.line) for column in ("StartTime", "EndTime"))
        if not start_s < end_s:
            raise BrokenFileError(table, f"EndTime after {fields['StartTime']}", fields["EndTime"], row.line)
        length_s = end_s - start_s
        place = f"dia{fields['Dialogue_ID']}_utt{fields['Utterance_ID']}"
        return FilmedRecording(
            clip_id=f"meld-{table.stem.split('_')[0]}-{place}",
            subject=fields["Speaker"],
            labels=(of_unknown_level([emotion], 0.0, length_s),),
            pictures=None if self.videos is None else VideoSpan(Path(self.videos) / f"{place}.mp4"),
            faces=self.faces,
            words=spread_words(split_words(clean_text(fields["Utterance"])), 0.0, length_s),
            facts={
                "utterance": clean_text(fields["Utterance"]),
                "dialogue": fields["Dialogue_ID"],
                "start_s": f"{start_s:.3f}",  # of the episode
            },
        )

    def _seconds(self, text: str, line: int) -> float:
        match = _TIME.match(text.strip())
        if match is None:
            raise BrokenFileError(self.table, "a time such as 00:20:57,256", text, line)
        hours, minutes, seconds = (int(part) for part in match.groups()[:3])
        # A spreadsheet shortened some fractions: ",28" in the real table.
        return 3600 * hours + 60 * minutes + seconds + float(match[4].replace(",", "."))
