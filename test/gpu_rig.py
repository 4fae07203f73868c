"""A bundle's switch on the fake GPU, for tests of what happens above it."""

from pathlib import Path
from typing import Any, Dict, List, Optional

from fake_gpu import FakeDriver, fake_tensorrt

from stf2m_ros.runtime.backends import BackendSettings, TensorRTPath
from stf2m_ros.runtime.build_process import BuildOutcome
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, Bundle, load_bundle
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.cuda_buffers import device_name
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.engine_building import build_missing, fingerprints
from stf2m_ros.runtime.engine_cache import EngineCache
from stf2m_ros.runtime.engine_switch import EngineSwitch
from stf2m_ros.runtime.engine_trial import trial_inputs

ONNX = "onnxruntime-cpu"


class BuildHere:
    """A build in this process, done at its n-th look; a look is 12 s after the one before. n = 0: none starts."""

    def __init__(self, build: Any, looks: int) -> None:
        self._build, self._looks_left, self.stopped, self.elapsed_s = build, looks, False, 0.0

    def poll(self) -> Optional[BuildOutcome]:
        self._looks_left, self.elapsed_s = self._looks_left - 1, self.elapsed_s + 12
        if self._looks_left > 0:
            return None
        try:
            self._build()
        except Exception as error:
            return BuildOutcome(str(error))
        return BuildOutcome("")

    def stop(self) -> None:
        self.stopped = True


class PathOfFakes(TensorRTPath):
    """The path as it is, but for the process that builds."""

    def __init__(self, trt: Any, bundle: Bundle, settings: BackendSettings, looks: int) -> None:
        super().__init__(trt, trt.driver, bundle, settings)
        self._looks = looks
        self.builds: List[BuildHere] = []

    def start_build(self) -> BuildHere:
        if not self._looks:
            raise OSError("too many processes")
        self._make_room()
        build = BuildHere(lambda: build_missing(self._trt, self._wanted, self._bundle, self._cache), self._looks)
        self.builds.append(build)
        return build


class GpuRig:
    """One fake GPU, one cache, and switches on them."""

    def __init__(self, bundle_folder: Path, cache: Path, integrated: bool = False) -> None:
        self.bundle, self.cache = load_bundle(bundle_folder), cache
        self.driver = FakeDriver(integrated=integrated)
        self.inputs = trial_inputs(self.bundle)
        self.onnx: Dict[str, Engine] = {}

    def build(self, **how: Any) -> None:
        """Fills the cache with engines of a TensorRT that is like that."""
        trt = fake_tensorrt(self.driver, **how)
        wanted = fingerprints(trt, device_name(self.driver), self.bundle.card, "fp16")
        build_missing(trt, wanted, self.bundle, EngineCache(self.cache, self.bundle.card.name))

    def open(self, looks: int = 3, lacking: str = "", **how: Any) -> EngineSwitch:
        """A switch that uses a TensorRT that is like that, and lacks what is named."""
        onnx = open_onnx_engines(self.bundle)
        self.onnx = {FRAME_ENCODER_FILE: onnx.frame_encoder, WINDOW_HEAD_FILE: onnx.window_head}
        self.trt = fake_tensorrt(self.driver, **how)
        if lacking:
            delattr(self.trt, lacking)
        self.path = PathOfFakes(self.trt, self.bundle, BackendSettings(cache_folder=self.cache), looks)
        switch = EngineSwitch(self.onnx, ONNX)
        switch.use(self.path)
        return switch

    def nothing_is_left(self) -> bool:
        return not any(self.driver.in_use().values())
