"""CMU-MOSI: 2,199 spoken opinions in 93 videos, as computational sequences (csd.py).

On disk (names as they are distributed; only the labels are needed):
    CMU_MOSI_Opinion_Labels.csd              (N, 1) sentiment -3 to 3
    CMU_MOSI_VisualFacet_4.1.csd             (T, F) FACET features, however many
    CMU_MOSI_TimestampedWords.csd            (W, 1) words
    CMU_MOSI_TimestampedWordVectors_1.1.csd  (W, 300) GloVe vectors

What becomes of the labels: MOSI scores opinions, no emotions. With weak_labels [ours] a score of 1, 2, 3 is happiness
low, medium, high (shares between the levels as in mosei.py) and a score nearer to 0 than to either side is neutral. A
negative opinion may be anger, sadness, disgust or fear: it has no class, and its clip no label. Without weak_labels no
clip has one. The score is a fact of the clip in any case.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Tuple

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.sets.broken import BrokenFileError, LeftOut
from stf2m_ros.data.sets.cmu_segments import CmuFiles, Segment, SegmentRecording, segments
from stf2m_ros.data.sets.levels import certain_or, class_of_extent, shares_of_extents, whole_clip
from stf2m_ros.data.sets.mosei import usual_files
from stf2m_ros.emotions import EMOTIONS

HIGHEST_SCORE = 3.0
NEUTRAL_BELOW = 0.5
ANY_DIM = 0


@dataclass(frozen=True)
class Mosi:
    """The sequences of CMU-MOSI."""

    files: CmuFiles
    weak_labels: bool = True
    left_out: LeftOut = field(default_factory=LeftOut)
    name: str = "mosi"

    @staticmethod
    def files_in(folder: Path) -> CmuFiles:
        """The sequences that stand in a folder by their usual names. Raises FileNotFoundError without labels."""
        return usual_files(Path(folder), "CMU_MOSI", "_Opinion_Labels*.csd", ANY_DIM)

    def recordings(self) -> Iterator[SegmentRecording]:
        for segment in segments(self.files.labels, 1, self.left_out):
            recording = self.left_out.attempt(self._recording, segment)
            if recording is not None:
                yield recording

    def _recording(self, segment: Segment) -> SegmentRecording:
        score = segment.scores[0]
        if abs(score) > HIGHEST_SCORE + 1e-6:
            where = f"video {segment.video}, row {segment.number}"
            raise BrokenFileError(
                self.files.labels, f"an opinion -{HIGHEST_SCORE:g} to {HIGHEST_SCORE:g}", score, where
            )
        return SegmentRecording(
            clip_id=f"mosi-{segment.video}-{segment.number}",
            subject=segment.video,
            labels=_weak_label(score) if self.weak_labels else (),
            segment=segment,
            files=self.files,
            facts={"sentiment": f"{score:g}"},
        )


def _weak_label(score: float) -> Tuple[LabelInterval, ...]:
    if score <= -NEUTRAL_BELOW:
        return ()
    extent = max(0.0, score) / HIGHEST_SCORE
    shares = shares_of_extents([extent if emotion == "happiness" else 0.0 for emotion in EMOTIONS])
    return whole_clip(class_of_extent("happiness", extent), certain_or(shares))
