"""What needs a GPU, pycuda and TensorRT: `pytest -m gpu`. Everywhere else it is skipped, with the reason."""

from pathlib import Path

import numpy as np
import pytest

from stf2m_ros.runtime.backends import BackendSettings, ServedEngines, open_engines
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, Bundle, load_bundle
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.cuda_buffers import CudaMissing, load_driver
from stf2m_ros.runtime.engine_trial import TOLERANCE, differences, trial_inputs
from stf2m_ros.runtime.tensorrt_api import PRECISIONS, TensorRTMissing, find_tensorrt

pytestmark = pytest.mark.gpu
SHIPPED = Path(__file__).parents[2] / "models" / "generated_faces"
BUILD_S = 1800.0


@pytest.fixture(autouse=True)
def gpu() -> None:
    try:
        find_tensorrt()
        load_driver()
    except (TensorRTMissing, CudaMissing) as missing:
        pytest.skip(str(missing))


@pytest.fixture
def bundle(tiny_bundle_folder: Path) -> Bundle:
    return load_bundle(SHIPPED if SHIPPED.is_dir() else tiny_bundle_folder)


def opened(bundle: Bundle, cache: Path, precision: str) -> ServedEngines:
    """Engines on the GPU; built first where the cache is empty."""
    engines = open_engines(bundle, BackendSettings("tensorrt", precision, cache_folder=cache))
    if engines.switch._build is not None:
        engines.switch._build.wait(BUILD_S)
        engines.switch.tend()
    assert engines.frame_encoder.name.startswith("tensorrt-"), engines.switch.status.text
    return engines


@pytest.mark.parametrize("precision", PRECISIONS)
def test_built_engines_say_what_onnx_runtime_says_and_are_found_again(
    bundle: Bundle, tmp_path: Path, precision: str
) -> None:
    opened(bundle, tmp_path, precision).close()
    engines, onnx = opened(bundle, tmp_path, precision), open_onnx_engines(bundle)
    inputs = trial_inputs(bundle)
    for file, engine, reference in (
        (FRAME_ENCODER_FILE, engines.frame_encoder, onnx.frame_encoder),
        (WINDOW_HEAD_FILE, engines.window_head, onnx.window_head),
    ):
        assert max(differences(engine, reference, inputs[file]).values()) <= TOLERANCE[precision]
    faces = np.random.RandomState(1).randn(19, 3, 112, 112).astype(np.float32)
    assert engines.frame_encoder.run({"faces": faces})["tokens"].shape[0] == 19
    assert engines.frame_encoder.name.startswith("tensorrt-")  # nothing fell back meanwhile
    engines.close()
