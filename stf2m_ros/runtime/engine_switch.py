"""Serves a bundle's graphs from ONNX Runtime until TensorRT's engines stand, and again should they fail.

What becomes of the window then, see switched_tokens.py.
"""

import logging
import time
from dataclasses import dataclass
from typing import Callable, Dict, Mapping, Optional, Protocol, TypeVar

import numpy as np

from stf2m_ros.runtime.build_process import BuildOutcome
from stf2m_ros.runtime.cuda_buffers import CudaError
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.fast_engines import EngineDiffers, FastEngines, NoCachedEngine
from stf2m_ros.runtime.onnx_engine import EngineInputError, EngineLoadError
from stf2m_ros.runtime.tensorrt_api import DlaRefused, TensorRTMissing
from stf2m_ros.runtime.tensorrt_engine import EngineRunError

_TELL_EVERY_S = 10.0
_TELLING = (CudaError, DlaRefused, EngineDiffers, EngineLoadError, EngineRunError, NoCachedEngine, TensorRTMissing)
"""Errors whose text needs no name in front."""
_LOG = logging.getLogger(__name__)
_Served = TypeVar("_Served")


@dataclass(frozen=True)
class BackendStatus:
    """What serves, and what to say of it in diagnostics."""

    engine: str
    text: str = ""  # what goes on or went wrong; empty when there is nothing to say
    degraded: bool = False  # something that the user wanted, or would want, is not to be had


class Build(Protocol):
    """What the switch needs of build_process.BuildProcess."""

    @property
    def elapsed_s(self) -> float: ...

    def poll(self) -> Optional[BuildOutcome]: ...

    def stop(self) -> None: ...


class FastPath(Protocol):
    """How to come by TensorRT's engines; see backends.py."""

    def open_cached(self, reference: Mapping[str, Engine]) -> FastEngines:
        """Engines that agree with the reference. Raises NoCachedEngine, and anything else."""

    def start_build(self) -> Build: ...

    def close(self) -> None: ...


class EngineSwitch:
    """The engines of one bundle. One thread uses it, the one that CUDA's things live on; any may read `status`.

    Whatever the fast path raises, ONNX Runtime serves: a TensorRT that nobody tried may raise anything.
    """

    def __init__(self, onnx: Mapping[str, Engine], onnx_name: str) -> None:
        """onnx: file of each graph -> its engine on ONNX Runtime, closed with this."""
        self.onnx, self._onnx_name = dict(onnx), onnx_name
        self._path: Optional[FastPath] = None
        self._fast: Optional[FastEngines] = None
        self._build: Optional[Build] = None
        self._told_s = 0.0
        self.status = BackendStatus(onnx_name)

    def use(self, path: FastPath) -> None:
        """Goes over to TensorRT, at once where the cache holds engines; else they are built aside first."""
        self._path = path
        try:
            self._go_over()
        except NoCachedEngine as reason:
            self._start_build(str(reason))
        except Exception as error:
            self.stay(said(error))

    def stay(self, reason: str, degraded: bool = True) -> None:
        """ONNX Runtime serves from now on. degraded: whether that is worth a warning."""
        self._drop_fast_path()
        self.status = BackendStatus(self._onnx_name, f"ONNX Runtime serves: {reason}", degraded)
        _LOG.log(logging.WARNING if degraded else logging.INFO, "%s", self.status.text)

    def tend(self) -> None:
        """Looks after a build that runs aside. Quick, but for the one time when its engines are opened."""
        if self._build is None:
            return
        outcome = self._build.poll()
        if outcome is None:
            self._tell_progress(self._build.elapsed_s)
            return
        elapsed_s = self._build.elapsed_s
        self._end_build()
        if outcome.failure:
            self.stay(f"TensorRT's engines could not be built: {outcome.failure}")
            return
        _LOG.info("TensorRT's engines were built in %.0f s", elapsed_s)
        try:
            self._go_over()
        except Exception as error:
            self.stay(said(error))

    def run(self, graph_file: str, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """All outputs of one graph by name, whatever happens on the GPU. Raises EngineInputError."""
        return self.serve(lambda fast: fast.run(graph_file, inputs), lambda: self.onnx[graph_file].run(inputs))

    def serve(self, there: Callable[[FastEngines], _Served], here: Callable[[], _Served]) -> _Served:
        """What TensorRT's engines give where they serve; where they do not, or fail now, what is given here.

        Raises EngineInputError, and what `here` raises.
        """
        self.tend()
        if self._fast is not None:
            try:
                return there(self._fast)
            except EngineInputError:
                raise
            except Exception as error:
                failure = said(error)
            # Out here, because the error's traceback would keep alive what is freed now.
            self.stay(f"TensorRT failed while it ran: {failure}")
        return here()

    def close(self) -> None:
        """Frees everything, on the thread that used it. Closing twice is allowed."""
        self._drop_fast_path()
        for engine in self.onnx.values():
            engine.close()

    def _go_over(self) -> None:
        started_s = time.monotonic()
        self._fast = self._path.open_cached(self.onnx)
        self.status = BackendStatus(self._fast.name)
        _LOG.info("%s serves, opened in %.1f s", self._fast.name, time.monotonic() - started_s)

    def _start_build(self, reason: str) -> None:
        try:
            self._build = self._path.start_build()
        except OSError as error:
            self.stay(f"TensorRT's engines cannot be built: {error}")
            return
        text = "TensorRT's engines are being built, which takes minutes once; ONNX Runtime serves meanwhile"
        self.status = BackendStatus(self._onnx_name, text)
        _LOG.info("%s (%s)", text, reason)

    def _tell_progress(self, elapsed_s: float) -> None:
        if elapsed_s - self._told_s >= _TELL_EVERY_S:
            self._told_s = elapsed_s
            text = f"TensorRT's engines are being built since {elapsed_s:.0f} s; ONNX Runtime serves"
            self.status = BackendStatus(self._onnx_name, text)
            _LOG.info("%s", text)

    def _end_build(self) -> None:
        build, self._build = self._build, None
        if build is not None:
            build.stop()

    def _drop_fast_path(self) -> None:
        fast, self._fast = self._fast, None
        path, self._path = self._path, None
        self._end_build()
        if fast is not None:
            fast.close()
        if path is not None:
            path.close()


def said(error: Exception) -> str:
    """One line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, _TELLING) else f"{type(error).__name__}: {text}"


class SwitchedEngine:
    """One graph of a switch, as an Engine."""

    def __init__(self, switch: EngineSwitch, graph_file: str) -> None:
        self._switch, self._graph_file = switch, graph_file

    @property
    def name(self) -> str:
        return self._switch.status.engine

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        return self._switch.run(self._graph_file, inputs)

    def close(self) -> None:
        """Closes the switch, and with it the other graph."""
        self._switch.close()
