"""Resumable checkpoints as safetensors: the module, the optimiser's state and the step. No pickle."""

import json
import logging
from pathlib import Path
from types import MappingProxyType
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from stf2m_ros.whole_files import write_whole

_LOG = logging.getLogger(__name__)
_MODULE, _OPTIMISER = "module.", "optimiser."
_MADE_FROM = "made_from"

MadeFrom = Mapping[str, str]
"""What weights depend on, part by part: its name and its fingerprint."""
UNTOLD: MadeFrom = MappingProxyType({})


def save_checkpoint(
    path: Path, module: nn.Module, optimiser: Optimizer, step: int, made_from: MadeFrom = UNTOLD
) -> None:
    """Atomic: a kill or a full disk while writing leaves the former checkpoint whole."""
    tensors = {_MODULE + name: value.contiguous() for name, value in module.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"{_OPTIMISER}{index}.{name}"] = torch.as_tensor(value).contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {_MADE_FROM: json.dumps(dict(made_from))} if made_from else {}
    write_whole(path, save(tensors, metadata={"step": str(step), **told}))


def keep_module(path: Path, module: nn.Module, step: int, score: float) -> None:
    """The module alone, with the score it was kept for. Atomic."""
    tensors = {_MODULE + name: value.contiguous() for name, value in module.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save(tensors, metadata={"step": str(step), "score": repr(score)}))


def kept_score(path: Path) -> Optional[float]:
    """What the module that stands there was kept for; None where none stands."""
    return float(_facts(path)["score"]) if path.exists() else None


def load_checkpoint(path: Path, module: nn.Module, optimiser: Optimizer, made_from: MadeFrom = UNTOLD) -> int:
    """Restores module and optimiser and returns the step; 0 where no checkpoint stands.

    One that does not tell what it was made from is taken as it is, with a warning. Raises ValueError when the
    checkpoint was made from something else than made_from, or belongs to another network.
    """
    if not path.exists():
        return 0
    if changed := changed_parts(path, made_from):
        raise ValueError(made_otherwise(path, changed))
    if made_from and not _told(path):
        _LOG.warning("%s: does not tell what it was made from; taken as it is", path)
    tensors, step = _read(path)
    _restore(path, tensors, module)
    state = optimiser.state_dict()
    state["state"] = _optimiser_state(_below(tensors, _OPTIMISER))
    optimiser.load_state_dict(state)
    return step


def checkpoint_step(path: Path) -> int:
    """How many steps the checkpoint has behind it; 0 where none stands."""
    return int(_facts(path)["step"]) if path.exists() else 0


def changed_parts(path: Path, made_from: MadeFrom) -> List[str]:
    """Which parts were others when the checkpoint was made; none where none stands, or where it does not tell."""
    told = _told(path) if path.exists() else {}
    return [part for part, value in made_from.items() if told.get(part) != value] if told else []


def made_otherwise(path: Path, changed: Sequence[str], too: Sequence[str] = ()) -> str:
    """What to say of a checkpoint with other parts, and how to go on. too: names of files of which the same holds."""
    found = f"made by another configuration (other {', '.join(changed)})"
    return f"{path}: {found}; delete {' and '.join(['it', *too])} to start anew, or name another work_folder"


def load_module(path: Path, module: nn.Module) -> None:
    """Restores the module alone. Raises FileNotFoundError, and ValueError when it is another network's."""
    _restore(path, _read(path)[0], module)


def _read(path: Path) -> Tuple[Dict[str, Tensor], int]:
    step = int(_facts(path)["step"])
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, step  # noqa: SIM118 - not a mapping


def _told(path: Path) -> MadeFrom:
    return json.loads(_facts(path).get(_MADE_FROM, "{}"))


def _facts(path: Path) -> Dict[str, str]:
    """What was written beside the tensors. Raises ValueError in one line for a file that is no checkpoint."""
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path}: expected a checkpoint, found: {error}; delete it to start anew") from error


def _restore(path: Path, tensors: Dict[str, Tensor], module: nn.Module) -> None:
    try:
        module.load_state_dict(_below(tensors, _MODULE))
    except RuntimeError as error:
        raise ValueError(made_otherwise(path, ["shapes"]) + f" ({' '.join(str(error).split())})") from error


def _below(tensors: Dict[str, Tensor], prefix: str) -> Dict[str, Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def _optimiser_state(tensors: Dict[str, Tensor]) -> Dict[int, Dict[str, Tensor]]:
    state: Dict[int, Dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    return state
