"""What the demo plays: a generated clip, the user's own video, or a camera."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

from stf2m_ros.data.clip import LabelInterval
from stf2m_ros.data.generated_faces.settings import GENERATOR_VERSION
from stf2m_ros.stream.subtitles import read_transcript
from stf2m_ros.stream.timed_word import TimedWord
from stf2m_ros.stream.transcript import Transcript, TranscriptLimits

GENERATED_SEED = 17
GENERATED_LENGTH_S = 40.0
MAX_WORDS = 100_000


@dataclass(frozen=True)
class DemoClip:
    """What to play. video is None for a camera, transcript where there are no words, truth empty where nobody knows."""

    title: str
    video: Optional[Path] = None
    transcript: Optional[Path] = None
    camera: Optional[int] = None
    truth: Tuple[LabelInterval, ...] = ()

    @property
    def play_arguments(self) -> Tuple[str, ...]:
        """For `play`."""
        if self.video is None:
            return ("--camera", str(self.camera))
        words = ("--transcript", str(self.transcript)) if self.transcript else ()
        return (str(self.video), *words)

    def words(self) -> Tuple[TimedWord, ...]:
        """Every word, in seconds from the clip's start. Raises ValueError for a transcript that cannot be read."""
        heard = Transcript(TranscriptLimits(words=MAX_WORDS))
        for utterance in read_transcript(self.transcript) if self.transcript else ():
            heard.add(utterance)
        return heard.words_between(float("-inf"), float("inf"))


def camera_clip(index: int) -> DemoClip:
    """A webcam, until Ctrl-C."""
    return DemoClip(f"camera {index}", camera=index)


def own_clip(video: Path, transcript: Optional[Path]) -> DemoClip:
    """The user's own file. Raises FileNotFoundError."""
    for path in (video, transcript):
        if path is not None and not path.is_file():
            raise FileNotFoundError(f"{path}: expected a file, found none")
    return DemoClip(video.name, video.resolve(), transcript.resolve() if transcript else None)


def generated_clip(cache: Path, length_s: float = GENERATED_LENGTH_S) -> DemoClip:
    """A clip that this project makes itself; made once, then kept in the cache."""
    from stf2m_ros.data.generated_faces.scene import SceneSettings, write_scene_video

    video = cache / f"generated_{GENERATOR_VERSION}_{GENERATED_SEED}_{length_s:g}_s.mp4"
    transcript, truth = video.with_suffix(".srt"), video.with_suffix(".truth.json")
    if not video.is_file():
        print("  drawing a clip of a talking face, once: some ten seconds ...", flush=True)
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = cache / "unfinished.mp4"  # a clip that Ctrl-C cut short must not be taken for whole
        scene = write_scene_video(unfinished, GENERATED_SEED, SceneSettings(duration_s=length_s))
        spans = [(label.class_index, label.start_s, label.end_s) for label in scene.labels]
        truth.write_text(json.dumps(spans), encoding="utf-8")
        unfinished.with_suffix(".srt").replace(transcript)
        unfinished.replace(video)
    labels = tuple(LabelInterval(*span) for span in json.loads(truth.read_text(encoding="utf-8")))
    return DemoClip("generated clip", video, transcript, truth=labels)
