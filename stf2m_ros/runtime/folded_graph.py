"""A bundle's graph as TensorRT's ONNX importer is given it: everything constant worked out beforehand.

The bundle stores large weights as float16 with a Cast behind, and torch leaves chains of Shape, Gather and Mod where
sizes are known. TensorRT 8.5 has no Mod, and wants weights as initialisers. ONNX Runtime, which is on every robot,
folds all of that at its basic level, and writes plain ONNX of the same opset; so no onnx package is needed.
"""

import tempfile
from pathlib import Path
from typing import Union

import onnxruntime

_ERRORS_ONLY = 3


class GraphFoldError(ValueError):
    """ONNX Runtime could not read the graph, or not write it back."""


def fold_constants(path: Union[str, Path]) -> bytes:
    """The ONNX file at path, with constants folded, serialised. Raises GraphFoldError."""
    with tempfile.TemporaryDirectory(prefix="stf2m_fold_") as folder:
        folded = Path(folder) / "folded.onnx"
        options = onnxruntime.SessionOptions()
        # Basic: plain ONNX operators only. The level above would fuse into operators of ONNX Runtime's own.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(folded)
        options.intra_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        try:
            onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            return folded.read_bytes()
        except Exception as error:  # its errors have no common base but Exception, and differ between versions
            raise GraphFoldError(f"{path}: expected an ONNX graph, found {' '.join(str(error).split())}") from error
