"""CMU-MOSEI: 22,856 spoken segments of 1,000 people, as computational sequences (csd.py).

On disk (names as they are distributed; only the labels are needed):
    CMU_MOSEI_Labels.csd                 (N, 7): sentiment -3 to 3, happy, sad, anger, surprise, disgust, fear 0 to 3
    CMU_MOSEI_VisualFacet42.csd          (T, 35) FACET features, 30 a second
    CMU_MOSEI_TimestampedWords.csd       (W, 1) words, "sp" for silence
    CMU_MOSEI_TimestampedWordVectors.csd (W, 300) GloVe vectors
A segment is a clip; the sequences are aligned to it by their intervals (the middle of a row decides).

What becomes of the labels: scores are 0 no evidence, 1 weakly, 2, 3 highly: low, medium, high. Several emotions at once
are kept as shares: each emotion's part is its score's share of the sum, split between the two levels next to its score
(annotators' mean scores lie between); a score below 1 shares with neutral [ours]. The class is the strongest emotion at
its nearest level; neutral if no score reaches 0.5 [ours]. No components. Sentiment is a fact of the clip, not a label.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Tuple

import numpy as np

from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.cmu_segments import CmuFiles, Segment, SegmentRecording, segments
from stf2m_ros.data.sets.levels import certain_or, class_of_extent, shares_of_extents, whole_clip
from stf2m_ros.emotions import EMOTIONS

LABEL_COLUMNS = ("sentiment", "happiness", "sadness", "anger", "surprise", "disgust", "fear")
HIGHEST_SCORE = 3.0
FACET_DIM = 35


@dataclass(frozen=True)
class Mosei:
    """The sequences of CMU-MOSEI."""

    files: CmuFiles
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "mosei"

    @staticmethod
    def files_in(folder: Path) -> CmuFiles:
        """The sequences that stand in a folder by their usual names. Raises FileNotFoundError without labels."""
        return usual_files(Path(folder), "CMU_MOSEI", "*abels*.csd", FACET_DIM)

    def recordings(self) -> Iterator[SegmentRecording]:
        for segment in segments(self.files.labels, len(LABEL_COLUMNS), self.left_out):
            recording = self.left_out.attempt(self._recording, segment)
            if recording is not None:
                yield recording

    def _recording(self, segment: Segment) -> SegmentRecording:
        scores = dict(zip(LABEL_COLUMNS, segment.scores))
        extents = np.array([scores[emotion] for emotion in EMOTIONS]) / HIGHEST_SCORE
        if extents.min() < 0 or extents.max() > 1 + 1e-6:
            where = f"video {segment.video}, row {segment.number}"
            raise BrokenFileError(self.files.labels, f"emotions scored 0 to {HIGHEST_SCORE:g}", segment.scores, where)
        strongest = int(extents.argmax())
        index = class_of_extent(EMOTIONS[strongest], extents[strongest])
        return SegmentRecording(
            clip_id=f"mosei-{segment.video}-{segment.number}",
            subject=segment.video,
            labels=whole_clip(index, certain_or(shares_of_extents(extents))),
            segment=segment,
            files=self.files,
            facts={"sentiment": f"{scores['sentiment']:g}"},
        )


def usual_files(folder: Path, prefix: str, labels: str, visual_dim: int) -> CmuFiles:
    """The sequences of a folder by the endings of their names, which versions of the set write differently."""
    patterns: Tuple[str, ...] = (labels, "*[Ff]acet*.csd", "*TimestampedWords.csd", "*TimestampedWordVectors*.csd")
    found = [sorted(folder.glob(f"{prefix}{pattern}")) for pattern in patterns]
    if not found[0]:
        raise FileNotFoundError(f"{folder}: expected {prefix}{labels}, found none")
    return CmuFiles(*(files[0] if files else None for files in found), visual_dim=visual_dim)
