"""`make demo`: the real node watches a clip; the emotions are printed as they settle, and drawn at the end."""

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import List, Optional

from stf2m_ros.node.early_end import ending_at_once
from stf2m_ros.shipped_files import shipped

DOMAINS = range(20, 100)
PROFILE = "config/fastdds_shared_memory.xml"
PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


def main(args: Optional[List[str]] = None) -> int:
    """Returns 0 at the end of the clip and after Ctrl-C, 1 with one line where something is missing."""
    known = parser()
    asked = known.parse_args(args)
    if asked.video and asked.camera is not None:
        known.error("expected a video or a camera, found both")
    if asked.transcript and not asked.video:
        known.error("expected --video beside --transcript")
    started_s = time.monotonic()
    try:
        _run(asked)
    except KeyboardInterrupt:
        print("\nstopped")
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    else:
        print(f"done in {time.monotonic() - started_s:.0f} s")
    return 0


def parser() -> argparse.ArgumentParser:
    """What may be asked for."""
    known = argparse.ArgumentParser(prog="demo", description=__doc__)
    known.add_argument("--video", type=Path, metavar="FILE", help="your own video instead of a generated clip")
    known.add_argument("--transcript", type=Path, metavar="FILE", help="its words: .srt, .vtt or .jsonl")
    known.add_argument("--camera", type=int, metavar="INDEX", help="a webcam instead; Ctrl-C ends it")
    known.add_argument("--bundle", help="model bundle, a folder or a name; the node's default otherwise")
    known.add_argument("--out", type=Path, default=Path("out"), metavar="FOLDER", help="where the picture goes")
    known.add_argument("--cache", type=Path, default=Path("cache"), metavar="FOLDER", help="where the clip is kept")
    return known


def _run(asked: argparse.Namespace) -> None:
    with ending_at_once():
        from stf2m_ros.cli.demo_clip import camera_clip, generated_clip, own_clip
        from stf2m_ros.cli.demo_show import show

    if asked.camera is not None:
        clip = camera_clip(asked.camera)
    elif asked.video:
        clip = own_clip(asked.video, asked.transcript)
    else:
        clip = generated_clip(asked.cache)
    set_up_middleware()
    asked.out.mkdir(parents=True, exist_ok=True)
    show(clip, asked.bundle, asked.out)


def set_up_middleware() -> None:
    """A domain of our own, so that we hear no robot nearby nor it us, and room for whole images in shared memory.

    A domain that is set is a robot's.
    """
    others = [str(domain) for domain in DOMAINS if str(domain) != os.environ.get("ROS_DOMAIN_ID")]
    os.environ["ROS_DOMAIN_ID"] = others[os.getpid() % len(others)]
    print(f"  on ROS_DOMAIN_ID {os.environ['ROS_DOMAIN_ID']}, apart from any robot", flush=True)
    profile = shipped(PROFILE)
    if not any(os.environ.get(name) for name in PROFILE_VARIABLES):
        os.environ.update({name: str(profile) for name in PROFILE_VARIABLES})


if __name__ == "__main__":
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C must not make a failure of the end
    sys.exit(code)
