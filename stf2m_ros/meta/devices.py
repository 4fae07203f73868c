"""Which device trains, what goes there, and how precisely it computes."""

from typing import Any, ContextManager, Mapping, TypeVar

import torch
from torch import nn

DEVICE_SETTINGS = ("auto", "cpu", "cuda")
Tensors = TypeVar("Tensors", bound=tuple)


def chosen_device(setting: str, local_rank: int = 0) -> torch.device:
    """The device of one process. setting: auto (a GPU where there is one), cpu or cuda; local_rank: on its machine.

    Raises ValueError where the setting or the number of processes asks for a GPU that is not there.
    """
    if setting not in DEVICE_SETTINGS:
        raise ValueError(f"device: expected one of {', '.join(DEVICE_SETTINGS)}, found {setting!r}")
    found = torch.cuda.device_count() if setting != "cpu" and torch.cuda.is_available() else 0
    if setting == "cpu" or (setting == "auto" and not found):
        return torch.device("cpu")
    if local_rank >= found:
        raise ValueError(
            f"device: expected {local_rank + 1} GPUs or more, one for each process of this machine, found {found}; "
            "start fewer processes, or set device: cpu"
        )
    return torch.device("cuda", local_rank)


def device_of(module: nn.Module) -> torch.device:
    """Where the module's parameters are."""
    return next(module.parameters()).device


def mixed_precision(device: torch.device, wanted: bool) -> ContextManager:
    """bfloat16 where it is safe, on the device that computes, unless that is a CPU which only imitates it."""
    enabled = wanted and (device.type != "cpu" or has_bfloat16(cpu_capabilities()))
    return torch.autocast(device.type if enabled else "cpu", torch.bfloat16, enabled=enabled)


def cpu_capabilities() -> Mapping[str, Any]:
    """What instructions this CPU has, by PyTorch's names; nothing where PyTorch is too old to tell."""
    return torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}


def has_bfloat16(capabilities: Mapping[str, Any]) -> bool:
    """Without such instructions a convolution in bfloat16 takes PyTorch ten times as long as in float32, or longer."""
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def moved(tensors: Tensors, device: torch.device) -> Tensors:
    """A named tuple of tensors, each on the device."""
    return type(tensors)(*(tensor.to(device) for tensor in tensors))
