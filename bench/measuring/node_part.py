"""The installed node behind a camera process, over the real middleware: what gets through, how late, how large."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

import numpy as np
import psutil

from measuring.figures import Figure
from measuring.progress import Progress
from stf2m_ros.stream.slot_grid import slot_of

REPOSITORY = Path(__file__).resolve().parents[2]
PROFILE = REPOSITORY / "config" / "fastdds_shared_memory.xml"
RATE = 30.0
SLOT_S = 0.1
WARM_UP_S = 20.0
STOP_S = 10.0
LEARNING_S = 3.0
LATENCY_MS = {360: 20, 1080: 40}  # height of the camera -> what is promised, less the engines


@dataclass
class NodeRun:
    """What was seen of one run from outside the node."""

    stamps_s: np.ndarray = field(default_factory=lambda: np.zeros(0))  # of the images that were sent
    arrivals: List[Tuple[float, float, float]] = field(default_factory=list)  # window's end, newest frame's stamp, here
    counts: Dict[str, float] = field(default_factory=dict)  # the node's own, from /diagnostics
    resident_mb: List[float] = field(default_factory=list)  # each second
    processor_percent: List[float] = field(default_factory=list)

    def latencies_s(self) -> np.ndarray:
        """From the stamp of the newest frame in a window to the arrival of its sequence.

        Without the windows that time alone completed, before and after the camera, and those that had to wait for the
        first frame of the next slot, because the node did not know the camera's pace yet.
        """
        first_s, last_s = self.stamps_s[0], self.stamps_s[-1]
        begin_s = first_s + min(LEARNING_S, (last_s - first_s) / 3)
        return np.array(
            [arrival_s - newest_s for end_s, newest_s, arrival_s in self.arrivals if begin_s < end_s < last_s]
        )


@dataclass(frozen=True)
class Expected:
    """What else is known when the node is measured, to tell its own cost from that of the network."""

    latency_engines_ms: float  # in both engines, from the newest frame to its sequence
    slot_engines_ms: float  # of the processor, in both engines, per slot
    full_encoder_ms: Optional[float]  # of the processor, one frame at full width; none where it was not measured


def measure_node(
    bundle_folder: Path, minutes: float, width: int, height: int, threads: int, expected: Expected
) -> List[Figure]:
    """Figures of `minutes` of a 30 frames/s camera of that size."""
    part = f"node, {width}x{height}"
    run = run_node(bundle_folder, minutes * 60, width, height, threads)
    sent, taken = len(run.stamps_s), run.counts["frames received"]
    slots = slot_of(run.stamps_s[-1], SLOT_S) - slot_of(run.stamps_s[0], SLOT_S) + 1
    latencies_s = run.latencies_s()
    warm = run.resident_mb[round(min(WARM_UP_S, len(run.resident_mb) / 3)) :]
    third = max(1, len(warm) // 3)
    return [
        Figure(part, "stream", sent / RATE / 60, "min at 30 frames/s"),
        Figure(part, "frames taken, of those sent", 100 * taken / sent, "%"),
        Figure(part, "slots looked at", 100 * run.counts["frames looked at"] / slots, "%", ">= 100"),
        Figure(part, "frames replaced before their use", run.counts["frames dropped"], ""),
        Figure(part, "sequences", len(run.arrivals), ""),
        Figure(part, "newest frame to message, p50", 1000 * float(np.percentile(latencies_s, 50)), "ms"),
        Figure(part, "newest frame to message, p95", 1000 * float(np.percentile(latencies_s, 95)), "ms", "<= 200"),
        Figure(
            part,
            "newest frame to message less the engines, p95",
            1000 * float(np.percentile(latencies_s, 95)) - expected.latency_engines_ms,
            "ms",
            f"<= {LATENCY_MS[height]}" if height in LATENCY_MS else "",
        ),
        Figure(part, "newest frame to message, worst", 1000 * float(latencies_s.max()), "ms"),
        Figure(part, "resident memory", max(run.resident_mb), "MB", "<= 500"),
        Figure(part, "its growth after the warm-up", np.median(warm[-third:]) - np.median(warm[:third]), "MB", "<= 10"),
        Figure(part, "processor", float(np.mean(run.processor_percent[2:])), "% of one core"),
        _all_but_the_engines(part, run, expected),
        Figure(part, "failures", run.counts["failures"], "", "= 0"),
    ]


def _all_but_the_engines(part: str, run: NodeRun, expected: Expected) -> Figure:
    """Message in, decode, find, cut out, publish, ROS itself: per slot, of which there are ten a second."""
    slot_ms = 10.0 * float(np.mean(run.processor_percent[2:])) * SLOT_S
    wanted = f"<= {expected.full_encoder_ms:.3g}" if expected.full_encoder_ms else ""
    return Figure(part, "all but the engines, processor, per slot", slot_ms - expected.slot_engines_ms, "ms", wanted)


def run_node(bundle_folder: Path, seconds: float, width: int, height: int, threads: int) -> NodeRun:
    """Starts node and camera, listens until the camera is done, ends both."""
    _use_image_sized_shared_memory()
    with tempfile.TemporaryDirectory() as folder, _node(bundle_folder, threads, Path(folder)) as node:
        stamps_file = Path(folder) / "stamps.npy"
        script = str(Path(__file__).with_name("camera.py"))
        arguments = [str(each) for each in (width, height, RATE, seconds, stamps_file)]
        camera = subprocess.Popen([sys.executable, script, *arguments])
        try:
            run = _listen(psutil.Process(node.pid), camera, Progress("node", seconds, "s"))
        finally:
            camera.kill()  # it has ended by itself, unless listening failed
        if camera.returncode:
            raise RuntimeError(f"camera: expected it to end with 0, found {camera.returncode}")
        run.stamps_s = np.load(stamps_file)
    return run


def _use_image_sized_shared_memory() -> None:
    """As the launch files do; and a domain of our own, so that no other robot hears us."""
    os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(PROFILE))
    os.environ.setdefault("FASTDDS_DEFAULT_PROFILES_FILE", str(PROFILE))
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))


@contextlib.contextmanager
def _node(bundle_folder: Path, threads: int, folder: Path) -> Iterator[subprocess.Popen]:
    from ament_index_python.packages import get_package_prefix

    path = Path(get_package_prefix("stf2m_ros")) / "lib" / "stf2m_ros" / "emotion_recognizer"
    values = {"bundle": str(bundle_folder) + os.sep, "threads": threads, "autostart": "true"}
    parameters = [part for name, value in values.items() for part in ("-p", f"{name}:={value}")]
    log = folder / "node.log"
    with log.open("wb") as file:
        node = subprocess.Popen([str(path), "--ros-args", *parameters], stdout=file, stderr=subprocess.STDOUT)
    try:
        yield node
        if node.poll() is not None:
            raise RuntimeError(f"node: expected it to run, found that it ended with {node.returncode}")
    except BaseException:
        print(log.read_text(errors="replace")[-3000:], file=sys.stderr)
        raise
    finally:
        node.send_signal(signal.SIGINT)
        try:
            node.wait(STOP_S)
        except subprocess.TimeoutExpired:
            node.kill()


def _listen(node: psutil.Process, camera: subprocess.Popen, progress: Progress) -> NodeRun:
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray
    from rclpy.executors import SingleThreadedExecutor

    from stf2m_msgs.msg import EmotionSequence
    from stf2m_ros.node.stamps import seconds_of

    run = NodeRun()

    def on_sequence(message: EmotionSequence) -> None:
        arrival_s = time.time()
        run.arrivals.append((seconds_of(message.window_end), seconds_of(message.header.stamp), arrival_s))

    def on_diagnostics(message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith("emotion recognition"):
                numbers = {each.key: each.value for each in status.values if each.value.replace(".", "", 1).isdigit()}
                run.counts.update({key: float(value) for key, value in numbers.items()})

    rclpy.init()
    listener, executor = rclpy.create_node("bench_listener"), SingleThreadedExecutor()
    listener.create_subscription(EmotionSequence, "emotion_sequence", on_sequence, 10)
    listener.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
    executor.add_node(listener)
    _watch(run, node, camera, executor, progress)
    executor.shutdown()
    listener.destroy_node()
    rclpy.try_shutdown()
    return run


def _watch(run: NodeRun, node: psutil.Process, camera: subprocess.Popen, executor: object, progress: Progress) -> None:
    """Until the camera is done, and two seconds longer: the last diagnostics have the last counts."""
    next_look_s, ended_s = time.monotonic(), None
    while ended_s is None or time.monotonic() < ended_s + 2:
        executor.spin_once(timeout_sec=0.2)
        if camera.poll() is not None and ended_s is None:
            ended_s = time.monotonic()
        if time.monotonic() >= next_look_s and ended_s is None:
            next_look_s += 1.0
            run.resident_mb.append(node.memory_info().rss / 1e6)
            run.processor_percent.append(node.cpu_percent())
            progress.tell(len(run.resident_mb))
