"""Where the tokens of the window's slots are kept, and who makes and reads them there."""

from typing import Dict, Mapping, Protocol, Tuple

import numpy as np

from stf2m_ros.runtime.engine import Engine


class TokenStore(Protocol):
    """Tokens by row of stream.time_window.TimeWindow, float32 whichever engine made them.

    So rows of a half-precision encoder and of one in full precision may stand in one window: the former carry the
    rounding of their encoder until they are overwritten, at the latest when their slot leaves the window, and the
    window head reads them like all others. Engines differ by at most what engine_trial.TOLERANCE lets pass.
    """

    def encode(self, faces: np.ndarray, row: int) -> None:
        """Keeps the tokens of one face in a row. faces: (1, 3, H, W) float32, free to change afterwards."""

    def judge(self, rows: np.ndarray, held: np.ndarray, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """What the window head says of a window.

        rows: (T,) the row of each slot, oldest first. held: (T,) bool, false where nobody is seen: the head gets zeros
        there. inputs: all of the head's but the tokens.
        """


class HostTokens:
    """In this machine's memory, by two engines that take and give arrays."""

    def __init__(self, frame_encoder: Engine, window_head: Engine, shape: Tuple[int, int, int]) -> None:
        """shape: rows, regions, token_dim."""
        self._frame_encoder, self._window_head = frame_encoder, window_head
        # Twice, one behind the other: a window that goes over the ring's end lies in one piece all the same.
        self._twice = np.zeros((2 * shape[0], *shape[1:]), np.float32)
        self.rows = self._twice[: shape[0]]
        self.rows.flags.writeable = False  # see keep
        self._window = np.zeros((0, *shape[1:]), np.float32)

    def encode(self, faces: np.ndarray, row: int) -> None:
        self.keep(row, self._frame_encoder.run({"faces": faces})["tokens"][0])

    def keep(self, row: int, tokens: np.ndarray) -> None:
        """tokens: (regions, token_dim) of one face, made elsewhere."""
        self._twice[row] = self._twice[row + len(self.rows)] = tokens

    def judge(self, rows: np.ndarray, held: np.ndarray, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        return self._window_head.run({"tokens": self._tokens_of(rows, held)[None], **inputs})

    def _tokens_of(self, rows: np.ndarray, held: np.ndarray) -> np.ndarray:
        """(T, regions, token_dim), good until the next row is kept or the next window asked for."""
        first = int(rows[0])
        if held.all() and np.array_equal(rows, (first + np.arange(len(rows))) % len(self.rows)):
            return self._twice[first : first + len(rows)]  # as long as the camera keeps up and the person stays
        if len(self._window) != len(rows):
            self._window = np.empty((len(rows), *self.rows.shape[1:]), np.float32)
        # Into memory that stays: a megabyte asked for anew each hop is mapped page by page.
        np.take(self.rows, rows, axis=0, out=self._window, mode="clip")
        self._window[~held] = 0
        return self._window
