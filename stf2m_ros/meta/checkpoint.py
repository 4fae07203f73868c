"""Resumable checkpoints as safetensors: the module, the optimiser's state and the step. No pickle."""

import os
from pathlib import Path
from typing import Dict, Optional, Tuple

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

_MODULE, _OPTIMISER = "module.", "optimiser."


def save_checkpoint(path: Path, module: nn.Module, optimiser: Optimizer, step: int) -> None:
    """Atomic: a kill while writing leaves the former checkpoint whole."""
    tensors = {_MODULE + name: value.contiguous() for name, value in module.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"{_OPTIMISER}{index}.{name}"] = torch.as_tensor(value).contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"step": str(step)})
    os.replace(part, path)


def keep_module(path: Path, module: nn.Module, step: int, score: float) -> None:
    """The module alone, with the score it was kept for. Atomic."""
    tensors = {_MODULE + name: value.contiguous() for name, value in module.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"step": str(step), "score": repr(score)})
    os.replace(part, path)


def kept_score(path: Path) -> Optional[float]:
    """What the module that stands there was kept for; None where none stands."""
    if not path.exists():
        return None
    with safe_open(path, framework="pt") as file:
        return float(file.metadata()["score"])


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
    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as file:
        return int(file.metadata()["step"])


def load_module(path: Path, module: nn.Module) -> None:
    """Restores the module alone. Raises FileNotFoundError, and ValueError when it is another network's."""
    _restore(path, _read(path)[0], module)


def _read(path: Path) -> Tuple[Dict[str, Tensor], int]:
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return tensors, int(file.metadata()["step"])


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
