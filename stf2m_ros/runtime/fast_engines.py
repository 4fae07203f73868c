"""Both graphs of a bundle on the GPU, opened from the cache and tried against ONNX Runtime before they serve."""

import logging
from typing import Any, Dict, Mapping, Optional

import numpy as np

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, Bundle
from stf2m_ros.runtime.bundle_engines import token_rows
from stf2m_ros.runtime.cuda_buffers import CudaDevice
from stf2m_ros.runtime.device_tokens import DeviceTokens
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.engine_building import graph_inputs
from stf2m_ros.runtime.engine_cache import EngineCache, Fingerprint, NoEngine
from stf2m_ros.runtime.engine_trial import TOLERANCE, differences, trial_inputs
from stf2m_ros.runtime.tensorrt_engine import TensorRTEngine

_LOG = logging.getLogger(__name__)


class NoCachedEngine(LookupError):
    """The cache holds no engine that fits; one line with the reason."""


class EngineDiffers(RuntimeError):
    """The engine says something else than ONNX Runtime does."""


class FastEngines:
    """One thread makes, uses and closes this: a context of CUDA is open on it meanwhile."""

    def __init__(
        self,
        trt: Any,
        bundle: Bundle,
        cache: EngineCache,
        wanted: Mapping[str, Fingerprint],
        driver: Any,
        memory: str = "auto",
    ) -> None:
        """wanted: see engine_building.fingerprints. memory: one of cuda_buffers.GPU_MEMORY.

        Raises NoCachedEngine before anything of CUDA is touched; also CudaError, EngineLoadError.
        """
        plans = {file: _plan(cache, file, fingerprint) for file, fingerprint in wanted.items()}
        self.precision = {file: fingerprint.precision for file, fingerprint in wanted.items()}
        self.plan_bytes = {file: len(plan) for file, plan in plans.items()}
        self.engines: Dict[str, TensorRTEngine] = {}
        self._tokens: Optional[DeviceTokens] = None
        self._device = CudaDevice(driver, memory)
        try:
            for file, inputs in graph_inputs(bundle.card).items():
                built = wanted[file]
                self.engines[file] = TensorRTEngine(
                    trt, self._device, plans[file], inputs, built.max_batch, built.precision, built.dla
                )
            self._tokens = DeviceTokens(self._device, token_rows(bundle.card), bundle.card.grid.slots)
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        return self.engines[FRAME_ENCODER_FILE].name

    def run(self, graph_file: str, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        return self.engines[graph_file].run(inputs)

    @property
    def mapped(self) -> bool:
        """Whether inputs and outputs lie in memory that CPU and GPU share."""
        return self._device.mapped

    @property
    def tokens(self) -> DeviceTokens:
        """The window's tokens; see device_tokens.py."""
        return self._tokens

    def queue_face(self, faces: np.ndarray, row: int) -> None:
        """Queues one face to its row of the tokens, and to their shadow. The face before must have been waited for."""
        self.engines[FRAME_ENCODER_FILE].queue({"faces": faces}, {"tokens": self.tokens.row_address(row)})
        self.tokens.download(row)

    def queue_window(self, rows: np.ndarray, held: np.ndarray, inputs: Mapping[str, np.ndarray]) -> None:
        """Queues the window head on rows of the tokens; see TokenStore.judge. The window before must be done."""
        self.tokens.gather(rows, held)
        self.engines[WINDOW_HEAD_FILE].queue(inputs, {"tokens": self.tokens.window_address})

    def window_results(self) -> Dict[str, np.ndarray]:
        """What the window head said, after wait()."""
        return self.engines[WINDOW_HEAD_FILE].results()

    def wait(self) -> None:
        """Until everything queued is done. Raises CudaError."""
        self._device.wait()

    def compare(self, bundle: Bundle, reference: Mapping[str, Engine]) -> Dict[str, Dict[str, float]]:
        """File of each graph -> largest difference of each output. Raises what running raises."""
        inputs = trial_inputs(bundle)
        return {file: differences(engine, reference[file], inputs[file]) for file, engine in self.engines.items()}

    def require_agreement(self, bundle: Bundle, reference: Mapping[str, Engine]) -> None:
        """Raises EngineDiffers where an output is off by more than its precision explains."""
        for file, found in self.compare(bundle, reference).items():
            tolerance = TOLERANCE[self.precision[file]]
            for output, difference in found.items():
                if not difference <= tolerance:
                    raise EngineDiffers(
                        f"{file} in {self.precision[file]}: expected {output} within {tolerance} of ONNX Runtime, "
                        f"found {difference:.3g}"
                    )
            _LOG.info("%s in %s: within %.2g of ONNX Runtime", file, self.precision[file], max(found.values()))

    def close(self) -> None:
        """Gives everything of CUDA back."""
        for engine in self.engines.values():  # which waits for the device
            engine.close()
        tokens, self._tokens = self._tokens, None
        if tokens is not None:
            self._device.quietly(tokens.free)
        self._device.close()


def _plan(cache: EngineCache, graph_file: str, fingerprint: Fingerprint) -> bytes:
    found = cache.read(graph_file, fingerprint)
    if isinstance(found, NoEngine):
        raise NoCachedEngine(found.reason)
    return found.plan
