"""What the demo plays: a generated clip, the user's own video, or a camera."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

GENERATED_SEED = 7
CLIP_SUFFIXES = (".mp4", ".srt")


@dataclass(frozen=True)
class DemoClip:
    """What to play. video is None for a camera, transcript where there are no words."""

    title: str
    video: Optional[Path] = None
    transcript: Optional[Path] = None
    camera: Optional[int] = None

    @property
    def play_arguments(self) -> Tuple[str, ...]:
        """For `play`."""
        if self.video is None:
            return ("--camera", str(self.camera))
        words = ("--transcript", str(self.transcript)) if self.transcript else ()
        return (str(self.video), *words)


def camera_clip(index: int) -> DemoClip:
    """A webcam, until Ctrl-C."""
    return DemoClip(f"camera {index}", camera=index)


def own_clip(video: Path, transcript: Optional[Path]) -> DemoClip:
    """The user's own file. Raises FileNotFoundError."""
    for path in (video, transcript):
        if path is not None and not path.is_file():
            raise FileNotFoundError(f"{path}: expected a file, found none")
    return DemoClip(video.name, video.resolve(), transcript.resolve() if transcript else None)


def generated_clip(cache: Path) -> DemoClip:
    """A clip that this project makes itself; made once, then kept in the cache."""
    from stf2m_ros.data.generated_faces.scene_video import write_scene_video

    video, transcript = (cache / f"generated_{GENERATED_SEED}{suffix}" for suffix in CLIP_SUFFIXES)
    if not (video.is_file() and transcript.is_file()):
        cache.mkdir(parents=True, exist_ok=True)
        write_scene_video(video, transcript, seed=GENERATED_SEED)
    return DemoClip("generated clip", video, transcript)
