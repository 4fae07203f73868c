"""What TensorRT's inspector tells of an engine's layers: which precision each came out in."""

import json
import re
from dataclasses import dataclass
from typing import Any, List, Tuple

_KINDS: Tuple[Tuple[str, str], ...] = (
    (r"\bFP16\b|\bHalf\b", "fp16"),
    (r"\bBF16\b|\bBFloat16\b", "bf16"),
    (r"\bFP32\b|\bFloat\b", "fp32"),
    (r"\bINT8\b", "int8"),
    (r"\bINT32\b|\bINT64\b", "int"),
    (r"\bBOOL\b", "bool"),
)


@dataclass(frozen=True)
class BuiltLayer:
    """One layer as built. Several layers of the graph may have become one."""

    name: str
    precision: str  # of its outputs; "not told" where the inspector names none


def read_layers(inspected: str) -> List[BuiltLayer]:
    """inspected: the inspector's JSON; its form differs between versions, and what is not understood is left out."""
    try:
        layers = json.loads(inspected)["Layers"]
    except (ValueError, KeyError, TypeError):
        return []
    return [_read(layer) for layer in layers]


def _read(layer: Any) -> BuiltLayer:
    if not isinstance(layer, dict):  # names only: the engine was built without detailed verbosity
        return BuiltLayer(str(layer), "not told")
    outputs = layer.get("Outputs") or []
    told = {_kind_of(str(each.get("Format/Datatype", ""))) for each in outputs if isinstance(each, dict)}
    return BuiltLayer(str(layer.get("Name", "nameless")), "+".join(sorted(told - {""})) or "not told")


def _kind_of(text: str) -> str:
    return next((kind for pattern, kind in _KINDS if re.search(pattern, text, re.IGNORECASE)), "")
