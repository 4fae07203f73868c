"""Which backend runs a bundle: TensorRT where it is to be had, ONNX Runtime everywhere else."""

import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional, Union

from stf2m_ros.runtime.build_process import BuildProcess, build_command
from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_FILE,
    FRAME_ENCODER_TENSORRT_INT8_FILE,
    WINDOW_HEAD_FILE,
    Bundle,
    BundleMismatch,
)
from stf2m_ros.runtime.bundle_engines import open_onnx_engines, token_rows
from stf2m_ros.runtime.cuda_buffers import GPU_MEMORY, device_name, load_driver
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.engine_building import fingerprints
from stf2m_ros.runtime.engine_cache import EngineCache, default_cache_folder, is_writable
from stf2m_ros.runtime.engine_switch import Build, EngineSwitch, SwitchedEngine, said
from stf2m_ros.runtime.fast_engines import FastEngines
from stf2m_ros.runtime.switched_tokens import SwitchedTokens
from stf2m_ros.runtime.tensorrt_api import NO_DLA, PRECISIONS, find_tensorrt, require_dla

BACKENDS = ("auto", "tensorrt", "onnxruntime")
DLA_CORES = (NO_DLA, 0, 1)
_DEVICE_FILES = ("nvidia0", "nvhost-gpu", "nvhost-ctrl-gpu", "nvmap", "dxg")
"""Below /dev where NVIDIA's driver is loaded: on a PC, on Jetsons, under WSL."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class BackendSettings:
    """What a user may choose."""

    backend: str = "auto"
    precision: str = "fp16"
    threads: int = 1  # of ONNX Runtime
    cache_folder: Optional[Path] = None  # where engines are kept, none for the default
    gpu_memory: str = "auto"
    dla: int = NO_DLA  # core of the DLA that runs the frame encoder

    def __post_init__(self) -> None:
        allowed = {"backend": BACKENDS, "precision": PRECISIONS, "gpu_memory": GPU_MEMORY, "dla": DLA_CORES}
        for name, choices in allowed.items():
            if getattr(self, name) not in choices:
                expected = ", ".join(map(str, choices))
                raise ValueError(f"{name}: expected one of {expected}, found {getattr(self, name)!r}")
        if self.dla != NO_DLA and self.backend == "onnxruntime":
            raise ValueError("dla: expected backend auto or tensorrt, found onnxruntime")
        if self.dla != NO_DLA and self.precision == "fp32":
            raise ValueError("dla: expected precision fp16 or int8, found fp32: a DLA has no other")


class TensorRTPath:
    """The engines of one bundle for this machine's GPU. Made without touching CUDA's context."""

    def __init__(self, trt: Any, driver: Any, bundle: Bundle, settings: BackendSettings) -> None:
        """Raises CudaMissing, DlaRefused."""
        require_dla(trt, settings.dla, settings.precision)
        self._trt, self._driver, self._bundle, self._settings = trt, driver, bundle, settings
        self._wanted = fingerprints(trt, device_name(driver), bundle.card, settings.precision, settings.dla)
        self._temporary: Optional[str] = None
        self._folder = settings.cache_folder or default_cache_folder()
        self._cache = EngineCache(self._folder, bundle.card.name)

    def open_cached(self, reference: Mapping[str, Engine]) -> FastEngines:
        memory = self._settings.gpu_memory
        fast = FastEngines(self._trt, self._bundle, self._cache, self._wanted, self._driver, memory)
        try:
            fast.require_agreement(self._bundle, reference)
        except BaseException:
            fast.close()
            raise
        return fast

    def start_build(self) -> Build:
        """Raises OSError."""
        self._make_room()
        wanted = self._settings
        return BuildProcess(build_command(self._bundle.folder, wanted.precision, self._folder, wanted.dla))

    def _make_room(self) -> None:
        """Not before something is to be built: what a cache holds serves also where it cannot be written."""
        if not is_writable(self._cache.folder):
            self._folder = Path(tempfile.mkdtemp(prefix="stf2m_engines_"))
            self._temporary = str(self._folder)
            self._cache = EngineCache(self._folder, self._bundle.card.name)

    def close(self) -> None:
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)


@dataclass(frozen=True)
class ServedEngines:
    """Both graphs, the window's tokens between them, and the switch behind. Closing one engine closes all."""

    frame_encoder: SwitchedEngine
    window_head: SwitchedEngine
    tokens: SwitchedTokens
    switch: EngineSwitch

    def close(self) -> None:
        self.switch.close()


def open_engines(bundle: Bundle, settings: BackendSettings) -> ServedEngines:
    """Engines that run at once and always; raises BundleMismatch only. Call it, use and close them on one thread."""
    fast = _fast_path(bundle, settings)
    # TensorRT's answers are held against ONNX Runtime's, which must then be the exact ones.
    precision = "fp32" if isinstance(fast, TensorRTPath) else settings.precision
    try:
        onnx = open_onnx_engines(bundle, settings.threads, precision)
    except BundleMismatch:
        if isinstance(fast, TensorRTPath):
            fast.close()
        raise
    graphs = {FRAME_ENCODER_FILE: onnx.frame_encoder, WINDOW_HEAD_FILE: onnx.window_head}
    switch = EngineSwitch(graphs, onnx.frame_encoder.name)
    if isinstance(fast, TensorRTPath):
        switch.use(fast)
    elif fast:
        # On a machine without an NVIDIA GPU, nobody who said `auto` expected one.
        switch.stay(fast, degraded=settings.backend == "tensorrt" or nvidia_is_here())
    tokens = SwitchedTokens(switch, token_rows(bundle.card))
    frame_encoder, window_head = (SwitchedEngine(switch, file) for file in (FRAME_ENCODER_FILE, WINDOW_HEAD_FILE))
    return ServedEngines(frame_encoder, window_head, tokens, switch)


def _fast_path(bundle: Bundle, settings: BackendSettings) -> Union[TensorRTPath, str]:
    """The way to TensorRT, or why there is none; empty where none was asked for."""
    if settings.backend == "onnxruntime":
        return ""
    try:
        path = TensorRTPath(find_tensorrt(), load_driver(), bundle, settings)
    except Exception as error:  # nothing that is wrong with a GPU stops the node
        return said(error)
    if settings.precision == "int8" and FRAME_ENCODER_TENSORRT_INT8_FILE not in bundle.card.files:
        _LOG.warning("%s holds no %s: fp16", bundle.folder, FRAME_ENCODER_TENSORRT_INT8_FILE)
    return path


def nvidia_is_here(dev: Path = Path("/dev")) -> bool:
    """Whether an NVIDIA driver is loaded, with or without the libraries that we need."""
    return any((dev / name).exists() for name in _DEVICE_FILES)
