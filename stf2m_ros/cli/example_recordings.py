"""`ros2 run stf2m_ros example_recordings`: a folder of generated recordings in the form of a user's own.

Films, subtitles, labels and a manifest: something to try training with before one's own recordings are at hand.
"""

import argparse
import csv
import sys
from pathlib import Path
from typing import List, Optional

from stf2m_ros.data.generated_faces.scene import Scene, SceneSettings, write_scene_video
from stf2m_ros.emotions import CLASS_NAMES

PEOPLE = ("anna", "ben", "cleo", "dora")
FIRST_SEED = 40
MANIFEST = "clips.csv"
COLUMNS = ("clip", "subject", "video", "transcript", "labels")


def write_recordings(folder: Path, seconds: float, frames_per_s: float) -> Path:
    """One film for each of PEOPLE, with .srt and .labels.csv beside it; returns the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, person in enumerate(PEOPLE):
        settings = SceneSettings(duration_s=seconds, frames_per_s=frames_per_s)
        scene = write_scene_video(folder / f"{person}.mp4", FIRST_SEED + number, settings)
        _write_labels(folder / f"{person}.labels.csv", scene)
        print(f"{folder / person}.mp4: {seconds:g} s, {len(scene.words)} words, {len(scene.labels)} labels", flush=True)
    manifest = folder / MANIFEST
    with open(manifest, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows((f"{each}-1", each, f"{each}.mp4", f"{each}.srt", f"{each}.labels.csv") for each in PEOPLE)
    return manifest


def _write_labels(path: Path, scene: Scene) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("label", "start_s", "end_s"))
        rows.writerows((CLASS_NAMES[each.class_index], each.start_s, each.end_s) for each in scene.labels)


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0 when the folder stands, 1 for what the user can mend."""
    parser = argparse.ArgumentParser(prog="example_recordings", description=__doc__.splitlines()[2])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=12.0, help="length of each film")
    parser.add_argument("--frames-per-s", type=float, default=30.0)
    options = parser.parse_args(argv)
    try:
        print(f"manifest: {write_recordings(options.folder, options.seconds, options.frames_per_s)}")
    except (OSError, ValueError) as error:
        print(f"example_recordings: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
