"""The TensorRT engines that build_engine or the node left, for the benchmark; or why there are none."""

from pathlib import Path
from typing import Union

from stf2m_ros.cli.device_report import NotReported
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, Bundle
from stf2m_ros.runtime.cuda_buffers import device_name, load_driver
from stf2m_ros.runtime.engine import Engine
from stf2m_ros.runtime.engine_building import fingerprints
from stf2m_ros.runtime.engine_cache import EngineCache
from stf2m_ros.runtime.engine_switch import said
from stf2m_ros.runtime.fast_engines import FastEngines, NoCachedEngine
from stf2m_ros.runtime.tensorrt_api import NO_DLA, find_tensorrt


class GpuEngines:
    """Both engines on the GPU. Used and closed on the thread that opened them."""

    def __init__(self, fast: FastEngines) -> None:
        self._fast = fast
        self.frame_encoder: Engine = fast.engines[FRAME_ENCODER_FILE]
        self.window_head: Engine = fast.engines[WINDOW_HEAD_FILE]

    def close(self) -> None:
        self._fast.close()


def open_gpu_engines(
    bundle: Bundle, precision: str, cache_folder: Path, dla: int = NO_DLA
) -> Union[GpuEngines, NotReported]:
    """Nothing is built here: that takes minutes, and is build_engine's."""
    try:
        trt, driver = find_tensorrt(), load_driver()
        wanted = fingerprints(trt, device_name(driver), bundle.card, precision, dla)
        cache = EngineCache(cache_folder, bundle.card.name)
        return GpuEngines(FastEngines(trt, bundle, cache, wanted, driver))
    except NoCachedEngine as missing:
        return NotReported(f"{missing}; first: ros2 run stf2m_ros build_engine")
    except Exception as error:  # nothing that is wrong with a GPU stops the benchmark
        return NotReported(said(error))
