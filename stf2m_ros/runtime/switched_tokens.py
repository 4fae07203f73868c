"""The window's tokens on whatever a switch serves from: in the GPU's memory with TensorRT, else in this machine's."""

from typing import Dict, Mapping, Optional, Tuple

import numpy as np

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE
from stf2m_ros.runtime.engine_switch import EngineSwitch
from stf2m_ros.runtime.fast_engines import FastEngines
from stf2m_ros.runtime.segment_values import expect_finite
from stf2m_ros.runtime.token_store import HostTokens


class SwitchedTokens:
    """A TokenStore. This machine's rows are whole at any time but for the one face that is under way on the GPU.

    Going over uploads them once. Going back, whatever happened to the GPU, needs nothing of it: the face that was
    under way is encoded again by ONNX Runtime.
    """

    def __init__(self, switch: EngineSwitch, shape: Tuple[int, int, int]) -> None:
        """shape: rows, regions, token_dim."""
        self._switch = switch
        onnx = switch.onnx
        self._host = HostTokens(onnx[FRAME_ENCODER_FILE], onnx[WINDOW_HEAD_FILE], shape)
        self._fast: Optional[FastEngines] = None  # the engines that the rows were uploaded for
        self._face: Optional[np.ndarray] = None
        self._row_under_way: Optional[int] = None

    def encode(self, faces: np.ndarray, row: int) -> None:
        """Returns before the GPU is done."""
        self._switch.serve(lambda fast: self._encode_there(fast, faces, row), lambda: self._encode_here(faces, row))

    def judge(self, rows: np.ndarray, held: np.ndarray, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """Waits until the GPU is done."""
        return self._switch.serve(
            lambda fast: self._judge_there(fast, rows, held, inputs), lambda: self._judge_here(rows, held, inputs)
        )

    def _encode_there(self, fast: FastEngines, faces: np.ndarray, row: int) -> None:
        self._come_over(fast)
        self._wait(fast)
        fast.queue_face(faces, row)
        if self._face is None:
            self._face = np.empty_like(faces)
        np.copyto(self._face, faces)
        self._row_under_way = row

    def _judge_there(
        self, fast: FastEngines, rows: np.ndarray, held: np.ndarray, inputs: Mapping[str, np.ndarray]
    ) -> Dict[str, np.ndarray]:
        self._come_over(fast)
        fast.queue_window(rows, held, inputs)
        self._wait(fast)
        results = fast.window_results()
        expect_finite(results)  # here, so that ONNX Runtime takes over
        return results

    def _come_over(self, fast: FastEngines) -> None:
        if fast is not self._fast:
            fast.tokens.upload(self._host.rows)
            self._fast = fast

    def _wait(self, fast: FastEngines) -> None:
        fast.wait()
        if self._row_under_way is not None:
            self._host.keep(self._row_under_way, fast.tokens.shadow(self._row_under_way))
            self._row_under_way = None

    def _encode_here(self, faces: np.ndarray, row: int) -> None:
        self._come_back()
        self._host.encode(faces, row)

    def _judge_here(
        self, rows: np.ndarray, held: np.ndarray, inputs: Mapping[str, np.ndarray]
    ) -> Dict[str, np.ndarray]:
        self._come_back()
        return self._host.judge(rows, held, inputs)

    def _come_back(self) -> None:
        self._fast = None
        row, self._row_under_way = self._row_under_way, None
        if row is not None:
            self._host.encode(self._face, row)
