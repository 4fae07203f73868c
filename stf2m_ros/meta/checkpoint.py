"""Resumable checkpoints as safetensors: the module, the optimiser's state and the step. No pickle."""

from pathlib import Path
from typing import Dict, Optional, Tuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from stf2m_ros.data.whole_files import write_whole

_MODULE, _OPTIMISER = "module.", "optimiser."


def save_checkpoint(path: Path, module: nn.Module, optimiser: Optimizer, step: int) -> None:
    """Atomic: a kill or a full disk while writing leaves the former checkpoint whole."""
    tensors = {_MODULE + name: value.contiguous() for name, value in module.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"{_OPTIMISER}{index}.{name}"] = torch.as_tensor(value).contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save(tensors, metadata={"step": str(step)}))


def keep_module(path: Path, module: nn.Module, step: int, score: float) -> None:
    """The module alone, with the score it was kept for. Atomic."""
    tensors = {_MODULE + name: value.contiguous() for name, value in module.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save(tensors, metadata={"step": str(step), "score": repr(score)}))


def kept_score(path: Path) -> Optional[float]:
    """What the module that stands there was kept for; None where none stands."""
    return float(_facts(path)["score"]) if path.exists() else None


def load_checkpoint(path: Path, module: nn.Module, optimiser: Optimizer) -> int:
    """Restores module and optimiser and returns the step; 0 where no checkpoint stands.

    Raises ValueError when the checkpoint belongs to another network.
    """
    if not path.exists():
        return 0
    tensors, step = _read(path)
    _restore(path, tensors, module)
    state = optimiser.state_dict()
    state["state"] = _optimiser_state(_below(tensors, _OPTIMISER))
    optimiser.load_state_dict(state)
    return step


def checkpoint_step(path: Path) -> int:
    """How many steps the checkpoint has behind it; 0 where none stands."""
    return int(_facts(path)["step"]) if path.exists() else 0


def load_module(path: Path, module: nn.Module) -> None:
    """Restores the module alone. Raises FileNotFoundError, and ValueError when it is another network's."""
    _restore(path, _read(path)[0], module)


def _read(path: Path) -> Tuple[Dict[str, Tensor], int]:
    step = int(_facts(path)["step"])
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, step  # noqa: SIM118 - not a mapping


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
        raise ValueError(f"{path}: made by another configuration; delete it to start anew ({error})") from error


def _below(tensors: Dict[str, Tensor], prefix: str) -> Dict[str, Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def _optimiser_state(tensors: Dict[str, Tensor]) -> Dict[int, Dict[str, Tensor]]:
    state: Dict[int, Dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    return state
