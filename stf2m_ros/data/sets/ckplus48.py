"""CK+ as it is passed around: the last three pictures of each labelled sequence, cut to the face, 48x48, grey.

On disk: <emotion>/S010_002_00000014.png (subject, sequence, picture). Folders anger, contempt, disgust, fear, happy,
sadness, surprise; also happiness, sad, neutral where somebody added them.

What becomes of the labels:
- The folder is the emotion; contempt has no class and is left out.
- Intensity [ours]: these are pictures of the apex, so high. No neutral, no components.
- A clip is a sequence: its pictures are near-duplicates, and are never parted.
- The pictures are taken whole: they are cut as tight as a detector's box, and to widen it would invent a surrounding.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading
from stf2m_ros.data.sets.levels import UNTIL_THE_END
from stf2m_ros.data.sets.pictures import PictureFiles, pictures_in
from stf2m_ros.data.sets.recording import FilmedRecording
from stf2m_ros.emotions import EMOTIONS, NEUTRAL, NEUTRAL_INDEX, class_index

FRAMES_PER_S = 30.0
CONTEMPT = "contempt"
FOLDER_EMOTIONS = {"happy": "happiness", "sad": "sadness", "angry": "anger", "surprised": "surprise"}
FOLDER_EMOTIONS.update({name: name for name in (*EMOTIONS, NEUTRAL, CONTEMPT)})

_NAME = re.compile(r"(S\d+)_(\d+)_(\d+)$")


@dataclass(frozen=True)
class CkPlus48:
    """A folder of pictures for each emotion."""

    folder: Path
    faces: FaceReading = field(default_factory=lambda: FaceReading(WHOLE))
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "ckplus48"

    def recordings(self) -> Iterator[FilmedRecording]:
        """Raises FileNotFoundError where there are no such folders."""
        folders = [path for path in sorted(Path(self.folder).glob("*")) if path.is_dir()]
        known = [path for path in folders if path.name.lower() in FOLDER_EMOTIONS]
        if not known:
            raise FileNotFoundError(
                f"{self.folder}: expected folders such as anger and happy, found {[path.name for path in folders]}"
            )
        for folder in known:
            yield from self._sequences(folder)

    def _sequences(self, folder: Path) -> Iterator[FilmedRecording]:
        emotion = FOLDER_EMOTIONS[folder.name.lower()]
        sequences: Dict[str, List[Path]] = {}
        for path in pictures_in(folder):
            sequence = self.left_out.attempt(_sequence_of, path)
            if sequence is not None:
                sequences.setdefault(sequence, []).append(path)
        if emotion == CONTEMPT:
            self.left_out.without_class[CONTEMPT] += len(sequences)
            return
        index = NEUTRAL_INDEX if emotion == NEUTRAL else class_index(emotion, "high")
        for sequence, paths in sequences.items():
            # The number in a picture's name counts pictures of the sequence.
            numbers = [int(_NAME.match(path.stem).group(3)) for path in paths]
            yield FilmedRecording(
                clip_id=sequence if emotion != NEUTRAL else f"{sequence}_{NEUTRAL}",
                subject=sequence.split("_")[0],
                labels=(LabelInterval(index, 0.0, UNTIL_THE_END),),
                pictures=PictureFiles(tuple(paths), tuple((n - numbers[0]) / FRAMES_PER_S for n in numbers)),
                faces=self.faces,
            )


def _sequence_of(path: Path) -> str:
    name = _NAME.match(path.stem)
    if name is None:
        raise BrokenFileError(path, "a name such as S010_002_00000014.png", path.name)
    return f"{name.group(1)}_{name.group(2)}"
