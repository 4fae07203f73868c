"""Whether a new engine says what ONNX Runtime says: tried on made-up inputs before anything is served from it."""

from itertools import cycle
from typing import Dict, Iterator, Mapping

import numpy as np

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, Bundle
from stf2m_ros.runtime.bundle_engines import frame_encoder_shapes, window_head_shapes
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.window_judge import constant_inputs

TOLERANCE = {"fp32": 1e-3, "fp16": 2e-2, "int8": 0.15}
"""Of differences from ONNX Runtime in float32, relative to the largest value where that is above 1.

int8: on noise its rounding alone makes up to 0.05, however it is computed; a wrong scale makes 0.5 and more.
"""


def trial_inputs(bundle: Bundle) -> Dict[str, Dict[str, np.ndarray]]:
    """File of each graph -> inputs in its shapes: noise for faces, tokens and words, gaps, the bundle's own rules."""
    random = np.random.RandomState(0)
    faces = {name: random.randn(2, *shape[1:]) for name, shape in frame_encoder_shapes(bundle.card)[0].items()}
    window = {name: random.randn(*shape) for name, shape in window_head_shapes(bundle.card)[0].items()}
    for name in ("frame_presence", "word_presence"):
        window[name] = window[name] > -0.5
    window.update(constant_inputs(bundle))
    graphs = {FRAME_ENCODER_FILE: faces, WINDOW_HEAD_FILE: window}
    return {file: {k: np.asarray(v, np.float32) for k, v in inputs.items()} for file, inputs in graphs.items()}


def following_windows(window: Mapping[str, np.ndarray], hop_slots: int) -> Iterator[Dict[str, np.ndarray]]:
    """A window head's inputs, then those of a hop later, for ever: a head with a memory is as quick as on the robot."""
    slots = window["frame_presence"].shape[1]
    twice = {name: np.concatenate([window[name]] * 2, axis=1) for name in ("tokens", "frame_presence")}
    for first in cycle(range(0, slots, hop_slots)):
        yield {**window, **{name: each[:, first : first + slots] for name, each in twice.items()}}


def differences(engine: Engine, reference: Engine, inputs: Dict[str, np.ndarray]) -> Dict[str, float]:
    """Largest difference of each output, relative to the reference's largest value where that is above 1."""
    found, expected = engine.run(inputs), reference.run(inputs)
    return {name: _difference(found[name], value) for name, value in expected.items()}


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))
