"""What TensorRT's inspector tells of an engine's layers: which precision each came out in, and on what it runs."""

import json
import re
from collections import Counter
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
_NOT_TOLD = "not told"


@dataclass(frozen=True)
class BuiltLayer:
    """One layer as built. Several layers of the graph may have become one."""

    name: str
    precision: str  # of its weights where it has any, else of its outputs; "not told" where the inspector names none
    on_dla: bool = False


def read_layers(inspected: str) -> List[BuiltLayer]:
    """inspected: the inspector's JSON; its form differs between versions, and what is not understood is left out."""
    try:
        layers = json.loads(inspected)["Layers"]
    except (ValueError, KeyError, TypeError):
        return []
    return [_read(layer) for layer in layers]


def described(layers: List[BuiltLayer]) -> str:
    """How many layers of which precision, the most frequent first; what runs on a DLA apart."""
    counts = Counter(f"{layer.precision} on the DLA" if layer.on_dla else layer.precision for layer in layers)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


def _read(layer: Any) -> BuiltLayer:
    if not isinstance(layer, dict):  # names only: the engine was built without detailed verbosity
        return BuiltLayer(str(layer), _NOT_TOLD)
    on_dla = "DLA" in str(layer.get("LayerType", ""))
    return BuiltLayer(str(layer.get("Name", "nameless")), _precision(layer), on_dla)


def _precision(layer: Any) -> str:
    # A convolution whose sums leave in float32 computes in its weights' type all the same.
    weights = layer.get("Weights")
    computed = _kind_of(str(weights.get("Type", ""))) if isinstance(weights, dict) else ""
    if computed:
        return computed
    outputs = layer.get("Outputs") or []
    told = {_kind_of(str(each.get("Format/Datatype", ""))) for each in outputs if isinstance(each, dict)}
    return "+".join(sorted(told - {""})) or _NOT_TOLD


def _kind_of(text: str) -> str:
    return next((kind for pattern, kind in _KINDS if re.search(pattern, text, re.IGNORECASE)), "")
