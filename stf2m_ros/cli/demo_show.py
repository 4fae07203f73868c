"""One showing of the demo: node, player and recorder from first to last, and what they leave behind."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, List, Optional, Sequence

import rclpy
from rclpy.executors import SingleThreadedExecutor

from stf2m_ros.cli.demo_clip import DemoClip
from stf2m_ros.cli.demo_processes import Process
from stf2m_ros.cli.demo_recorder import Recorder
from stf2m_ros.evaluation.recordings.merged_windows import (
    agreement,
    json_lines_of_runs,
    json_lines_of_segments,
    neutral_share,
    seen_share,
)
from stf2m_ros.evaluation.recordings.narration import Narrator, current_line
from stf2m_ros.evaluation.recordings.thumbnails import read_thumbnails
from stf2m_ros.evaluation.recordings.timeline import Timeline, draw_timeline
from stf2m_ros.runtime.emotion_sequence import Segment
from stf2m_ros.runtime.sequence_builder import merge_runs

NODE_START_S = 60.0
SPIN_S = 0.1
LAST_WORD_S = 1.0
FIRST_STAMP = "the first image is stamped"


class Screen:
    """Lines that stay, and on a terminal one that is overwritten."""

    def __init__(self) -> None:
        self._overwrites = sys.stdout.isatty()

    def tell(self, line: str) -> None:
        print(f"\r\033[K{line}" if self._overwrites else line, flush=True)

    def show_now(self, line: str) -> None:
        if self._overwrites:
            print(f"\r\033[K{line}", end="", flush=True)


def show(clip: DemoClip, bundle: Optional[str], out: Path) -> None:
    """Play the clip to the real node; print the sequence, leave picture and JSON Lines in out.

    Ctrl-C ends the clip early: what was seen until then is drawn all the same.
    Raises RuntimeError where the node or the player fails.
    """
    words = clip.words()
    rclpy.init(signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
    recorder, screen, stopped = Recorder(words), Screen(), False
    try:
        _watch(recorder, clip, bundle, out, screen)
    except KeyboardInterrupt:
        stopped = True
        screen.tell("  stopped by Ctrl-C")
    finally:
        recorder.destroy_node()
        rclpy.shutdown()
    if recorder.segments():
        _leave_behind(recorder, clip, out)
    elif not stopped:
        raise RuntimeError(f"nothing was published, so there is nothing to draw; see {out / 'node.log'}")


def _watch(recorder: Recorder, clip: DemoClip, bundle: Optional[str], out: Path, screen: Screen) -> None:
    with ExitStack() as stack:
        executor = SingleThreadedExecutor()
        executor.add_node(recorder)
        stack.callback(executor.shutdown)
        node = Process("emotion_recognizer", _node_arguments(bundle), out / "node.log")
        stack.callback(node.stop)
        # Started together to save time: `play` waits until the node takes its images.
        player = Process("play", [*clip.play_arguments, "--wait", f"{NODE_START_S}"], out / "play.log")
        stack.callback(player.stop)
        _await_node(recorder, executor, node, screen)
        _narrate(recorder, executor, node, player, screen)


def _node_arguments(bundle: Optional[str]) -> List[str]:
    chosen = ["-p", f"bundle:={bundle}"] if bundle else []
    return ["--ros-args", "-p", "autostart:=true", *chosen]


def _await_node(recorder: Recorder, executor: SingleThreadedExecutor, node: Process, screen: Screen) -> None:
    screen.show_now("  starting the node ...")
    started_s = time.monotonic()
    _spin_until(executor, lambda: recorder.node_listens() or _in_trouble(node), NODE_START_S)
    if not recorder.node_listens():
        raise node.failure("did not become active" if node.runs else "ended")
    screen.tell(f"  the node is active after {time.monotonic() - started_s:.1f} s")


def _in_trouble(node: Process) -> bool:
    return not node.runs or any("[ERROR]" in line or "[FATAL]" in line for line in node.lines())


def _narrate(
    recorder: Recorder, executor: SingleThreadedExecutor, node: Process, player: Process, screen: Screen
) -> None:
    narrator, introduced = Narrator(), False
    while player.runs and node.runs:
        executor.spin_once(SPIN_S)
        recorder.origin_s = recorder.origin_s or player.number_after(FIRST_STAMP)
        segments = recorder.segments()
        if not segments:
            continue
        if not introduced:
            introduced = True
            newest = recorder.newest
            screen.tell(f"  model {newest.model_name} {newest.model_version} on {newest.engine}: {newest.caveat}")
        for line in narrator.news(segments, recorder.words(), recorder.origin_s):
            screen.tell(line)
        screen.show_now(current_line(segments, recorder.origin_s))
    if player.failed:
        raise player.failure("failed")
    if not node.runs:
        raise node.failure("ended in the middle of the clip")
    _spin_until(executor, lambda: False, LAST_WORD_S)
    for line in narrator.news(recorder.segments(), recorder.words(), recorder.origin_s or 0.0, over=True):
        screen.tell(line)
    screen.show_now("")


def _spin_until(executor: SingleThreadedExecutor, reached: Callable[[], bool], timeout_s: float) -> None:
    end_s = time.monotonic() + timeout_s
    while not reached() and time.monotonic() < end_s:
        executor.spin_once(SPIN_S)


def _leave_behind(recorder: Recorder, clip: DemoClip, out: Path) -> None:
    segments, origin_s = recorder.segments(), recorder.origin_s
    _write_lines(out / "runs.jsonl", json_lines_of_runs(merge_runs(segments), origin_s))
    _write_lines(out / "segments.jsonl", json_lines_of_segments(segments, origin_s))
    draw_timeline(_timeline(recorder, clip, segments), out / "timeline.png")
    if seen_share(segments) == 0:
        print("\nNobody was seen in this clip: no segment speaks of a face.")
    share = agreement(segments, clip.truth, origin_s)
    if share is not None:
        neutral = f"saying neutral throughout would reach {neutral_share(clip.truth):.0%}"
        print(f"\nThe emotion was the acted one in {share:.0%} of the time; {neutral}.")
    print(f"\n{recorder.newest.caveat}")
    print(
        f"picture   {out / 'timeline.png'}\nsequence  {out / 'runs.jsonl'}, every segment in {out / 'segments.jsonl'}"
    )


def _timeline(recorder: Recorder, clip: DemoClip, segments: Sequence[Segment]) -> Timeline:
    origin_s, newest = recorder.origin_s, recorder.newest
    boxes = [(stamp_s - origin_s, box) for stamp_s, box in recorder.boxes]
    length_s = segments[-1].end_s - origin_s
    return Timeline(
        title=f"{clip.title}: the emotion sequence",
        caveat=f"{newest.model_name} {newest.model_version}: {newest.caveat}",
        segments=tuple(segments),
        words=recorder.words(),
        thumbnails=tuple(read_thumbnails(clip.video, boxes, length_s)) if clip.video else (),
        truth=clip.truth,
        origin_s=origin_s,
    )


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
