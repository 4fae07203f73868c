"""Finds TensorRT under any of its module names, and what this version of it can do.

Only the part of the API that is the same from TensorRT 8.5 to 11 and in tensorrt_rtx is used in this room; where
versions differ, the difference is asked for by name here, never by version number.
"""

import importlib
import logging
from types import ModuleType
from typing import Any, Callable, Dict, List

from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE
from stf2m_ros.runtime.half_graph import have_onnx

MODULES = ("tensorrt", "tensorrt_rtx", "tensorrt_rtx_bindings")
PRECISIONS = ("fp32", "fp16", "int8")
NO_DLA = -1
"""As TensorRT itself says that no core of a DLA was chosen."""
_LOG = logging.getLogger(__name__)
_loggers: Dict[str, Any] = {}


class DlaRefused(ValueError):
    """This TensorRT, or this precision, is not for a DLA. One line."""


class TensorRTMissing(RuntimeError):
    """No module of TensorRT can be imported. One line, with the reason where there is a telling one."""


def find_tensorrt(import_module: Callable[[str], ModuleType] = importlib.import_module) -> ModuleType:
    """The first of MODULES that imports. Raises TensorRTMissing."""
    reasons: List[str] = []
    for name in MODULES:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                reasons.append(f"{name} lacks {error.name}")
        except Exception as error:  # a library that does not load raises OSError, RuntimeError and more
            reasons.append(f"{name}: {' '.join(str(error).split())}")
    raise TensorRTMissing(
        "; ".join(reasons) or f"TensorRT is not installed for this Python (none of {', '.join(MODULES)})"
    )


def version_of(trt: ModuleType) -> str:
    """Name and version: an engine fits exactly one of these."""
    kind = "tensorrt_rtx" if "rtx" in trt.__name__ else "tensorrt"
    return f"{kind} {trt.__version__}"


def logger_of(trt: ModuleType) -> Any:
    """The one logger of this process; TensorRT ignores every further one. It speaks through logging."""
    if trt.__name__ not in _loggers:
        _loggers[trt.__name__] = _make_logger(trt)
    return _loggers[trt.__name__]


def last_error_of(trt: ModuleType) -> str:
    """What TensorRT said last of an error, in one line; empty when nothing."""
    return logger_of(trt).last_error


def has_flag(trt: ModuleType, enum_name: str, flag: str) -> bool:
    return hasattr(getattr(trt, enum_name, None), flag)


def has_precision_flags(trt: ModuleType) -> bool:
    """Whether flags of the builder free layers from their types (8.5 to 10); without them the graph's types decide."""
    return has_flag(trt, "BuilderFlag", "FP16")


def precision_built(trt: ModuleType, graph_file: str, requested: str, quantised: bool = False) -> str:
    """The precision that this machine builds a graph in when one is requested; known before building.

    quantised: whether the bundle holds an int8 encoder for TensorRT; without one, and for the window head, int8 is
    fp16. Where the FP16 flag exists it frees every layer, so only the frame encoder gets it: the window head's fuzzy
    exponentials vanish in half. Without the flag the graph is typed, which takes the onnx package.
    """
    if requested not in PRECISIONS:
        raise ValueError(f"precision: expected one of {', '.join(PRECISIONS)}, found {requested!r}")
    if requested == "fp32":
        return "fp32"
    if requested == "int8" and quantised and graph_file == FRAME_ENCODER_FILE:
        return "int8"
    if has_precision_flags(trt):
        return "fp16" if graph_file == FRAME_ENCODER_FILE else "fp32"
    return "fp16" if have_onnx() else "fp32"


def require_dla(trt: ModuleType, dla: int, precision: str) -> None:
    """Raises DlaRefused where a core of a DLA was chosen and cannot be used."""
    if dla == NO_DLA:
        return
    # Later versions keep the names (DeviceType.DLA, DLA_core), but have neither DLA nor the flags of precision.
    if not has_precision_flags(trt):
        raise DlaRefused(f"dla: {version_of(trt)} builds for no DLA; TensorRT 8.5 to 10.7 do, on a Jetson that has one")
    if precision == "fp32":
        raise DlaRefused("dla: expected precision fp16 or int8, found fp32: a DLA has no other")


def _make_logger(trt: ModuleType) -> Any:
    severity = trt.ILogger.Severity
    levels = {
        severity.INTERNAL_ERROR: logging.ERROR,
        severity.ERROR: logging.ERROR,
        # TensorRT warns of much that no user can change; what stops it is an error.
        severity.WARNING: logging.DEBUG,
        severity.INFO: logging.DEBUG,
    }

    class Logger(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.last_error = ""

        def log(self, severity: Any, message: str) -> None:
            level = levels.get(severity)
            if level is None:
                return
            text = " ".join(message.split())
            if level == logging.ERROR:
                self.last_error = text
            # An error of TensorRT comes back as an exception of ours, which tells it once.
            _LOG.debug("%s", text)

    return Logger()
