"""`ros2 run stf2m_ros play clip.mp4 --transcript words.srt`: a video and its words as a camera and a recogniser."""

import argparse
import math
import os
import sys
from contextlib import contextmanager
from typing import Callable, Iterator, List, Optional

from stf2m_ros.node.built_messages import missing_messages
from stf2m_ros.node.early_end import ending_at_once

WAIT_S = 10.0
TAIL_S = 3.0
LONGEST_S = 86_400.0


def main(args: Optional[List[str]] = None) -> int:
    """Returns 0 at the end of the video and after Ctrl-C, 1 with one line where there is nothing to play."""
    # Our one line says what is wrong; OpenCV's and FFmpeg's own would bury it.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        return _run(sys.argv[1:] if args is None else args)
    except KeyboardInterrupt:
        return 0


def parser() -> argparse.ArgumentParser:
    """What may be asked for; ROS arguments go behind --ros-args as everywhere."""
    known = argparse.ArgumentParser(prog="play", description=__doc__)
    known.add_argument("video", nargs="?", help="video file, anything that OpenCV reads")
    known.add_argument("--camera", type=int, metavar="INDEX", help="play a webcam instead of a file")
    known.add_argument("--transcript", metavar="FILE", help="words of the video: .srt, .vtt or .jsonl")
    known.add_argument("--rate", type=_number(0.01, 100), default=1.0, help="times faster than real (implies --clock)")
    known.add_argument("--clock", action="store_true", help="publish /clock; the node then needs use_sim_time")
    known.add_argument("--loop", action="store_true", help="begin again at the end, until Ctrl-C")
    seconds = {"type": _number(0, LONGEST_S), "metavar": "S"}
    known.add_argument("--wait", **seconds, default=WAIT_S, help="how long to wait for a listener")
    known.add_argument("--tail", **seconds, default=TAIL_S, help="how long time goes on after the end, to settle")
    return known


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected a number from {least:g} to {most:g}, found {text!r}")
        return value

    return read


def _run(args: List[str]) -> int:
    try:
        asked = _asked(args)
        with ending_at_once():
            missing = missing_messages()
        return _say(missing) if missing else _play(asked, args)
    except (ValueError, OSError, ImportError) as error:
        return _say(error)


def _asked(args: List[str]) -> argparse.Namespace:
    with ending_at_once():
        from rclpy.utilities import remove_ros_args

    with _ros_errors_in_one_line():
        own = remove_ros_args(["play", *args])[1:]
    known = parser()
    asked = known.parse_args(own)
    if (asked.video is None) == (asked.camera is None):
        known.error("expected either a video file or --camera INDEX")
    if asked.camera is not None and (asked.rate != 1.0 or asked.clock or asked.loop):
        known.error("--rate, --clock and --loop are for files; a camera runs at its own pace")
    return asked


@contextmanager
def _ros_errors_in_one_line() -> Iterator[None]:
    """Within, what ROS says of its arguments and parameters is raised as ValueError."""
    from rclpy.exceptions import ParameterException

    try:
        yield
    except (RuntimeError, ParameterException) as error:  # rclpy's RCLError is a RuntimeError
        found = " ".join(str(error).split())
        raise ValueError(f"expected ROS to start with the arguments behind --ros-args, found: {found}") from error


def _say(trouble: object) -> int:
    print(f"play: {trouble}", file=sys.stderr)
    return 1


def _play(asked: argparse.Namespace, args: List[str]) -> int:
    with ending_at_once():
        import rclpy

        from stf2m_ros.node.ordered_end import ending_in_order
        from stf2m_ros.node.player import Player
        from stf2m_ros.node.video_source import open_source
        from stf2m_ros.stream.subtitles import read_transcript

    script = read_transcript(asked.transcript) if asked.transcript else ()
    source = open_source(asked.video, asked.camera)
    print(f"play: {source.description}", flush=True)
    try:
        with _ros_errors_in_one_line():
            rclpy.init(args=args)
        with ending_in_order():
            with _ros_errors_in_one_line():
                player = Player(asked.rate, publish_clock=asked.clock or asked.rate != 1.0)
            print(player.wait_for_listener(asked.wait), flush=True)
            for line in player.play(source, script, asked.loop):
                print(line, flush=True)
            player.let_time_pass(asked.tail)
            print(f"play: over, {player.frames} frames and {player.utterances} utterances published", flush=True)
    finally:
        source.close()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
