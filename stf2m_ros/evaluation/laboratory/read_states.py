"""What a bundle's window head reads of the facial components, frame by frame: the frozen read-out of a study."""

from typing import Iterator, Tuple

import numpy as np

from stf2m_ros.data.slots import SlotTrack
from stf2m_ros.fuzzy.components import NUM_COMPONENTS
from stf2m_ros.runtime.bundle import WINDOW_HEAD_FILE, Bundle
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.runtime.window_judge import constant_inputs


class ReadStates:
    """Words are not shown to it: states are of faces."""

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleMismatch, BundleNotFound."""
        self._grid, self._text_dim = bundle.card.grid, bundle.card.text.dim
        self._engine = OnnxEngine(bundle.path(WINDOW_HEAD_FILE))
        self._constant = constant_inputs(bundle)

    def of_clip(self, tokens: np.ndarray, track: SlotTrack) -> np.ndarray:
        """(frames, R, D) tokens -> (frames, 12) float16 states; NaN for frames that no slot holds."""
        states = np.full((len(tokens), NUM_COMPONENTS), np.nan, np.float16)
        for frames, read in self._windows(tokens, track):
            states[frames[frames >= 0]] = read[frames >= 0]
        return states

    def _windows(self, tokens: np.ndarray, track: SlotTrack) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        """Windows that follow one another, each filled from its end: (T,) frames, and (T, 12) what was read of them."""
        slots = self._grid.slots
        for start in range(0, len(track), slots):
            frames = track.frame_index[start : start + slots]
            if (frames >= 0).any():
                read = self._read(tokens, frames)
                yield frames, np.repeat(read, self._grid.slots_per_segment, axis=0)[slots - len(frames) :]

    def _read(self, tokens: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """(S, 12) of the window that ends with these frames."""
        window = np.zeros((1, self._grid.slots, *tokens.shape[1:]), np.float32)
        presence = np.zeros((1, self._grid.slots), np.float32)
        held = self._grid.slots - len(frames) + np.flatnonzero(frames >= 0)
        window[0, held], presence[0, held] = tokens[frames[frames >= 0]], 1.0
        segments = self._grid.segments
        said = self._engine.run(
            {
                "tokens": window,
                "frame_presence": presence,
                "words": np.zeros((1, segments, self._text_dim), np.float32),
                "word_presence": np.zeros((1, segments), np.float32),
                **self._constant,
            }
        )
        return said["components"][0]
