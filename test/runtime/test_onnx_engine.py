from pathlib import Path

import numpy as np
import pytest

from stf2m_ros.runtime.onnx_engine import EngineInputError, EngineLoadError, OnnxEngine, shape_fits


@pytest.fixture(scope="module")
def engine(tiny_bundle_folder: Path) -> OnnxEngine:
    return OnnxEngine(tiny_bundle_folder / "frame_encoder.onnx", threads=1)


def faces(count: int, size: int = 112) -> np.ndarray:
    return np.ones((count, 3, size, size), np.float32)


def test_outputs_come_by_name(engine: OnnxEngine) -> None:
    assert engine.run({"faces": faces(1)})["tokens"].shape == (1, 16, 64)


def test_any_number_of_faces_fits_at_once(engine: OnnxEngine) -> None:
    assert engine.run({"faces": faces(5)})["tokens"].shape == (5, 16, 64)


def test_the_shapes_of_the_graph_can_be_asked_for(engine: OnnxEngine) -> None:
    assert engine.input_shapes == {"faces": ("N", 3, 112, 112)}
    assert engine.output_shapes == {"tokens": ("N", 16, 64)}


def test_a_wrong_shape_says_expected_and_found(engine: OnnxEngine) -> None:
    with pytest.raises(EngineInputError, match=r"faces: expected .*112, 112.* found \(1, 3, 96, 96\) float32"):
        engine.run({"faces": faces(1, size=96)})


def test_a_wrong_type_says_expected_and_found(engine: OnnxEngine) -> None:
    with pytest.raises(EngineInputError, match="float32, found .* float64"):
        engine.run({"faces": faces(1).astype(np.float64)})


def test_an_unknown_input_says_expected_and_found(engine: OnnxEngine) -> None:
    with pytest.raises(EngineInputError, match=r"expected the inputs \['faces'\], found \['images'\]"):
        engine.run({"images": faces(1)})


def test_two_threads_say_the_same_as_one(engine: OnnxEngine, tiny_bundle_folder: Path) -> None:
    other = OnnxEngine(tiny_bundle_folder / "frame_encoder.onnx", threads=2)
    pictures = np.random.RandomState(0).rand(2, 3, 112, 112).astype(np.float32)
    np.testing.assert_allclose(other.run({"faces": pictures})["tokens"], engine.run({"faces": pictures})["tokens"])


def test_no_threads_are_refused(tiny_bundle_folder: Path) -> None:
    with pytest.raises(ValueError, match="threads: expected at least 1, found 0"):
        OnnxEngine(tiny_bundle_folder / "frame_encoder.onnx", threads=0)


@pytest.mark.parametrize("content", [b"", b"this is no graph"])
def test_a_file_that_is_no_graph_is_a_load_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.onnx").write_bytes(content)
    with pytest.raises(EngineLoadError, match="broken.onnx: expected an ONNX graph, found"):
        OnnxEngine(tmp_path / "broken.onnx")


def test_a_closed_engine_says_so_and_closes_twice(tiny_bundle_folder: Path) -> None:
    engine = OnnxEngine(tiny_bundle_folder / "frame_encoder.onnx")
    engine.close()
    engine.close()
    with pytest.raises(RuntimeError, match="found one that was closed"):
        engine.run({"faces": faces(1)})


def test_named_sizes_fit_every_size() -> None:
    assert shape_fits(("N", 3, None), (7, 3, 9))
    assert not shape_fits(("N", 3), (7, 4))
    assert not shape_fits((1, 3), (1, 3, 1))
