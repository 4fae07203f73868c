"""The window head on ONNX Runtime, which is shown only what was not in the window one hop ago.

Source: ours. A quarter of the head's time went into segments that had not changed.
"""

from pathlib import Path
from typing import Dict, Mapping, Tuple, Union

import numpy as np

from stf2m_ros.runtime.onnx_engine import EngineInputError, OnnxEngine, Shape

FRESH_TOKENS, FRESH_PRESENCE = "fresh_tokens", "fresh_presence"  # (F, slots of a segment, R, D) and (F, slots)
POOLED = "pooled"  # (S - F, R, 2 * D) what earlier runs made of the segments before
FRESH_POOLED = "fresh_pooled"  # (F, R, 2 * D) what this run made of the fresh ones


class RememberingHead:
    """Whole windows in, as the graph for all takes them; the same answers out. For one thread.

    What was shown one run ago is compared number by number, so no caller has to say what changed. A window that has
    nothing to do with the one before costs what it would cost without a memory, and two copies.
    """

    name = OnnxEngine.name

    def __init__(self, engine: OnnxEngine, hop_segments: int = 1) -> None:
        """engine: of a graph of export.fresh_segments; closed with this. hop_segments: by which the window moves."""
        segments = engine.input_shapes["words"][1]
        self._engine, self._hop = engine, min(hop_segments, segments)
        _, length, regions, dim = engine.input_shapes[FRESH_TOKENS]
        own = (FRESH_TOKENS, FRESH_PRESENCE, POOLED)
        others = {name: shape for name, shape in engine.input_shapes.items() if name not in own}
        self.input_shapes: Dict[str, Shape] = {"tokens": (1, segments * length, regions, dim), **others}
        self.output_shapes = {name: shape for name, shape in engine.output_shapes.items() if name != FRESH_POOLED}
        self.metadata = engine.metadata
        self._memory = _Memory((segments, length, regions, dim), (segments, *engine.input_shapes[POOLED][1:]))

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """All outputs by name. Raises EngineInputError, and RuntimeError once closed."""
        if inputs.keys() != self.input_shapes.keys():
            raise EngineInputError(f"expected the inputs {sorted(self.input_shapes)}, found {sorted(inputs)}")
        for name in ("tokens", "frame_presence"):
            if inputs[name].shape != self.input_shapes[name] or inputs[name].dtype != np.float32:
                expected, found = self.input_shapes[name], inputs[name]
                raise EngineInputError(f"{name}: expected {expected} float32, found {found.shape} {found.dtype}")
        memory = self._memory
        tokens = inputs["tokens"].reshape(memory.tokens.shape)
        presence = inputs["frame_presence"].reshape(memory.presence.shape)
        known = memory.move(tokens, presence, self._hop)
        others = {name: value for name, value in inputs.items() if name != "tokens"}
        shown = {FRESH_TOKENS: tokens[known:], FRESH_PRESENCE: presence[known:], POOLED: memory.pooled[:known]}
        outputs = self._engine.run({**others, **shown})
        memory.keep(known, tokens, presence, outputs.pop(FRESH_POOLED))
        return outputs

    def close(self) -> None:
        """Gives the memory back. Closing twice is allowed."""
        self._engine.close()


class _Memory:
    """The window of the last run, by segment: what went in, and what the product made of it."""

    def __init__(self, tokens: Tuple[int, ...], pooled: Tuple[int, ...]) -> None:
        """Shapes of a whole window: (S, slots of a segment, R, D) and (S, R, 2 * D)."""
        self._segments = tokens[0]
        # Twice as long as a window, so that moving it on copies what is new, and only seldom the rest.
        shapes = (tokens, tokens[:2], pooled)
        self._twice = tuple(np.zeros((2 * shape[0], *shape[1:]), np.float32) for shape in shapes)
        self._go_to(0)
        self._forget(0)

    def move(self, tokens: np.ndarray, presence: np.ndarray, hop: int) -> int:
        """Moves on by `hop` segments; returns how many of the oldest of this window are known, not all of them."""
        if self._first + hop > self._segments:
            for kept in self._twice:
                kept[: self._segments] = kept[self._first : self._first + self._segments]
            self._go_to(0)
        self._go_to(self._first + hop)
        known = self._known(tokens, presence, self._segments - hop)
        self._forget(known)
        return known

    def keep(self, known: int, tokens: np.ndarray, presence: np.ndarray, pooled: np.ndarray) -> None:
        """A whole window, and what was made of its segments behind the known ones."""
        self.tokens[known:], self.presence[known:], self.pooled[known:] = tokens[known:], presence[known:], pooled

    def _known(self, tokens: np.ndarray, presence: np.ndarray, most: int) -> int:
        same = (presence[:most] == self.presence[:most]).all(axis=1)
        if same[:1].all():  # else there is no need to look at a megabyte
            same &= (tokens[:most] == self.tokens[:most]).all(axis=(1, 2, 3))
        return int(np.argmin(np.append(same, False)))

    def _forget(self, known: int) -> None:
        """All from there on: a run that fails leaves nothing half known."""
        self.presence[known:] = np.nan  # which equals nothing

    def _go_to(self, first: int) -> None:
        self._first = first
        self.tokens, self.presence, self.pooled = (kept[first : first + self._segments] for kept in self._twice)


def open_head(path: Path, threads: int = 1, hop_segments: int = 1) -> Union[OnnxEngine, RememberingHead]:
    """A window head, with a memory where its graph is for one. Raises EngineLoadError."""
    engine = OnnxEngine(path, threads)
    return RememberingHead(engine, hop_segments) if FRESH_TOKENS in engine.input_shapes else engine
