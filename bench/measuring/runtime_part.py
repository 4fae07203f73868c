"""The runtime alone, as fast as it goes: what a minute of camera costs, and where the time goes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import List, Optional, Tuple

import numpy as np
import psutil

from measuring.figures import Figure
from measuring.progress import Progress
from measuring.scene import TalkingScene
from measuring.stages import Stopwatch, TimedCropper, TimedEngine
from stf2m_ros.runtime.bundle import TEXT_TABLE_FILE, load_bundle
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.emotion_sequence import EmotionSequence
from stf2m_ros.runtime.recognizer import Recognizer
from stf2m_ros.stream.face_cropper import FaceCropper
from stf2m_ros.stream.face_detectors import HaarDetector
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.slot_grid import slot_of
from stf2m_ros.stream.text_embedding import SubwordTable
from stf2m_ros.stream.utterance import Utterance

RATE = 30.0
SLOT_S = 0.1
SCENE_S = 3.0
BEGIN_S = 1.8e9
FIND, ENCODE, HEAD, PUSH, INFER = "find the face", "encode", "window head", "push", "infer"
WARM_UP_S = 40.0  # until the window is full and every buffer has been made
SPEECH_EVERY_S = 5.0
SPEECH = "I do not know how this is going to end"


@dataclass
class RuntimeRun:
    """What one run measured."""

    seconds: float
    width: int
    height: int
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    latencies_s: List[float] = field(default_factory=list)  # from the newest frame to its sequence
    resident_mb: List[float] = field(default_factory=list)  # each second of the stream after the warm-up
    found: int = 0  # images in which the person was found
    newest: Optional[EmotionSequence] = None


def measure_runtime(
    bundle_folder: Path, minutes: float, threads: int, size: Tuple[int, int] = (640, 360)
) -> List[Figure]:
    """Figures of `minutes` of a 30 frames/s camera of that size, with some words."""
    return figures_of(run_runtime(bundle_folder, minutes * 60, threads, size))


def figures_of(run: RuntimeRun) -> List[Figure]:
    """What was promised, and where the time went."""
    return [*_promises(run), *_shares(run)]


def engines_ms(run: RuntimeRun) -> Tuple[float, float]:
    """Milliseconds of the processor in both engines, and in all the rest of a slot's way, per slot looked at."""
    watch, slots = run.stopwatch, run.stopwatch.calls(FIND)
    engines_s = watch.processor_s(ENCODE) + watch.processor_s(HEAD)
    whole_s = watch.processor_s(PUSH) + watch.processor_s(INFER)
    return 1000 * engines_s / slots, 1000 * (whole_s - engines_s) / slots


def newest_frame_engines_ms(run: RuntimeRun) -> float:
    """What both engines take of the way from the newest frame to its sequence: one encoding, one window."""
    return sum(1000 * float(np.median(run.stopwatch.seconds[stage])) for stage in (ENCODE, HEAD))


def run_runtime(bundle_folder: Path, seconds: float, threads: int, size: Tuple[int, int]) -> RuntimeRun:
    """Feeds every frame as soon as the one before is done."""
    run, scene, process = RuntimeRun(seconds, *size), TalkingScene(*size, RATE, SCENE_S), psutil.Process()
    cropper = TimedCropper(FaceCropper(HaarDetector()), run.stopwatch, FIND)
    recognizer = _recognizer(bundle_folder, threads, cropper, run.stopwatch)
    progress = Progress("runtime", seconds / 60, "minutes of camera")
    for number in range(round(seconds * RATE)):
        stream_s = number / RATE
        if number % round(SPEECH_EVERY_S * RATE) == 0:
            recognizer.push_words(Utterance(SPEECH, BEGIN_S + stream_s - 2, BEGIN_S + stream_s))
        sequence = _step(recognizer, scene.image(number), BEGIN_S + stream_s, run.stopwatch)
        if sequence is not None:
            run.newest = sequence
            run.latencies_s.append(run.stopwatch.seconds[PUSH][-1] + run.stopwatch.seconds[INFER][-1])
        if number % round(RATE) == 0 and stream_s >= min(WARM_UP_S, seconds / 2):
            run.resident_mb.append(process.memory_info().rss / 1e6)
        progress.tell(stream_s / 60)
    recognizer.close()
    run.found = cropper.found
    return run


def _recognizer(folder: Path, threads: int, cropper: TimedCropper, stopwatch: Stopwatch) -> Recognizer:
    bundle = load_bundle(folder)
    engines = open_onnx_engines(bundle, threads)
    return Recognizer(
        bundle,
        TimedEngine(engines.frame_encoder, stopwatch, ENCODE),
        TimedEngine(engines.window_head, stopwatch, HEAD),
        cropper,
        SubwordTable.load(bundle.path(TEXT_TABLE_FILE), bundle.card.text),
    )


def _step(recognizer: Recognizer, image: np.ndarray, stamp_s: float, stopwatch: Stopwatch) -> Optional[EmotionSequence]:
    with stopwatch.measure(PUSH):
        recognizer.push_frame(Frame(stamp_s, lambda: image))
    if not recognizer.is_due():
        return None
    with stopwatch.measure(INFER):
        return recognizer.infer()


def _promises(run: RuntimeRun) -> List[Figure]:
    part, last_stamp_s = _part(run), run.seconds - 1 / RATE
    slots = slot_of(last_stamp_s, SLOT_S)  # the frame of the last slot still waits for the end of its slot
    looks, encoded = run.stopwatch.calls(FIND), run.stopwatch.calls(ENCODE)
    growth_mb = np.median(run.resident_mb[-10:]) - np.median(run.resident_mb[:10])
    return [
        Figure(part, "stream", run.seconds / 60, "min at 30 frames/s"),
        Figure(part, "slots looked at", 100 * looks / slots, "%", ">= 100"),
        Figure(part, "person found", 100 * run.found / looks, "% of the slots"),
        Figure(part, "encoder calls per frame with a face", encoded / max(run.found, 1), "", "= 1"),
        Figure(part, "newest frame to sequence, p50", _ms(run.latencies_s, 50), "ms"),
        Figure(part, "newest frame to sequence, p95", _ms(run.latencies_s, 95), "ms", "<= 200"),
        Figure(part, "newest frame to sequence, worst", _ms(run.latencies_s, 100), "ms"),
        Figure(part, "one second of camera takes", 1000 * _whole_s(run.stopwatch) / run.seconds, "ms", "<= 1000"),
        Figure(part, "resident memory", max(run.resident_mb), "MB, the camera's images included"),
        Figure(part, "its growth after the warm-up", growth_mb, "MB", "<= 5"),
    ]


def _shares(run: RuntimeRun) -> List[Figure]:
    """Milliseconds per call of what may be slow, and every stage's share of all time."""
    watch, part = run.stopwatch, _part(run)
    each_ms = {stage: 1000 * watch.processor_s(stage) / max(watch.calls(stage), 1) for stage in (FIND, ENCODE, HEAD)}
    spent = watch.processor_s
    spent_s = {
        FIND: spent(FIND),
        "cut out and normalise": spent(PUSH) - spent(FIND) - spent(ENCODE),
        ENCODE: spent(ENCODE),
        HEAD: spent(HEAD),
        "window, words and sequence": spent(INFER) - spent(HEAD),
    }
    whole_s = sum(spent_s.values())
    return [
        *(Figure(part, f"{stage}, each, processor", value, "ms") for stage, value in each_ms.items()),
        *(Figure(part, f"{stage}, share", 100 * value / whole_s, "%") for stage, value in spent_s.items()),
    ]


def _whole_s(stopwatch: Stopwatch) -> float:
    return stopwatch.total_s(PUSH) + stopwatch.total_s(INFER)


def _ms(seconds: List[float], percentile: float) -> float:
    return 1000 * float(np.percentile(seconds, percentile))


def _part(run: RuntimeRun) -> str:
    return f"runtime, {run.width}x{run.height}"
