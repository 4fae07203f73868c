"""What a hop costs beside the frames: the window head, its window and words, and the message that leaves."""

import time
import warnings
from pathlib import Path
from typing import List, Optional

import numpy as np

from measuring.figures import Figure
from measuring.runtime_part import HEAD, INFER, RuntimeRun
from stf2m_ros.runtime.bundle import load_bundle
from stf2m_ros.runtime.emotion_sequence import EmotionSequence

PART = "hop"
SLOTS_PER_HOP = 5
_TIMES = 50


def measure_hop(bundle_folder: Path, run: RuntimeRun, full_encoder_ms: Optional[float]) -> List[Figure]:
    """Milliseconds of the processor. full_encoder_ms: of one frame at full width; none where it was not measured."""
    watch = run.stopwatch
    head_ms = 1000 * watch.processor_s(HEAD) / watch.calls(HEAD)
    rest_ms = 1000 * (watch.processor_s(INFER) - watch.processor_s(HEAD)) / watch.calls(INFER)
    figures = [
        Figure(PART, "window head, processor", head_ms, "ms"),
        Figure(PART, "window, words and sequence, processor", rest_ms, "ms"),
    ]
    message_ms = measure_message(bundle_folder, run.newest)
    if message_ms is not None:
        figures.append(Figure(PART, "message made and serialised, processor", message_ms, "ms"))
    if message_ms is not None and full_encoder_ms:
        share = 100 * (head_ms + rest_ms + message_ms) / (SLOTS_PER_HOP * full_encoder_ms)
        figures.append(Figure(PART, "all of it, of the full-width encoder's cost per hop", share, "%", "<= 10"))
    return figures


def measure_message(bundle_folder: Path, sequence: Optional[EmotionSequence]) -> Optional[float]:
    """Milliseconds of the processor for one result, the median of many; none where no messages are built."""
    try:
        from rclpy.serialization import serialize_message

        from stf2m_ros.node.messages import ModelIdentity, SequenceMessages
    except ImportError:
        return None
    if sequence is None:
        return None
    bundle, messages, seconds = load_bundle(bundle_folder), SequenceMessages(), []
    model = ModelIdentity.of(bundle.card, bundle.rules.names, "onnxruntime-cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a parser that ROS imports
        for _ in range(_TIMES):
            worked_s = time.process_time()
            serialize_message(messages.write(sequence, model, "camera"))
            seconds.append(time.process_time() - worked_s)
    return 1000 * float(np.median(seconds))
