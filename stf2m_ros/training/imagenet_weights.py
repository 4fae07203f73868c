"""Public ResNet-18 weights, learned on ImageNet, from a file that the user has: stage 1 may begin with them."""

import pickle
from pathlib import Path
from typing import Dict

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig

SAFETENSORS, PICKLED = (".safetensors",), (".pth", ".pt")
_CLASSIFIER = "fc."
_COUNTERS = "num_batches_tracked"  # older files have none
_OURS = "project."


def begin_with_imagenet(encoder: FrameEncoder, path: Path) -> None:
    """Everything but the projection to tokens becomes that of the file.

    Raises FileNotFoundError; ValueError for a file that holds no ResNet-18, or one of another width than the encoder's.
    """
    encoder.load_imagenet(_fitting(encoder, path))


def check_imagenet(config: FrameEncoderConfig, path: Path) -> None:
    """Raises what begin_with_imagenet would raise for such an encoder."""
    with torch.device("meta"):  # names and shapes alone
        encoder = FrameEncoder(config)
    _fitting(encoder, path)


def _fitting(encoder: FrameEncoder, path: Path) -> Dict[str, Tensor]:
    weights = read_state_dict(path)
    own = encoder.state_dict()
    foreign = [name for name in weights if name not in own and not name.startswith(_CLASSIFIER)]
    lacking = [name for name in own if name not in weights and not name.startswith(_OURS) and _COUNTERS not in name]
    if lacking or foreign:
        found = f"no {lacking[0]}" if lacking else foreign[0]
        raise ValueError(f"{path}: expected the state dict of a ResNet-18, found {found} among {len(weights)} tensors")
    width, wanted = len(own["conv1.weight"]), len(weights["conv1.weight"])
    if width != wanted:
        raise ValueError(f"{path}: expected encoder.width {wanted}, which these weights need, found {width}")
    return weights


def read_state_dict(path: Path) -> Dict[str, Tensor]:
    """Names and tensors of a .safetensors, .pth or .pt file; of the latter two nothing but tensors is unpickled."""
    path = Path(path)
    if path.suffix not in (*SAFETENSORS, *PICKLED):
        raise ValueError(f"{path}: expected weights in a file of {', '.join((*SAFETENSORS, *PICKLED))}")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected ImageNet weights, found no file")
    try:
        found = load_file(path) if path.suffix in SAFETENSORS else torch.load(path, "cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        reason = " ".join(str(error).split())[:80]
        raise ValueError(
            f"{path}: expected a state dict of tensors alone, found a file that is none ({reason})"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        kinds = sorted({type(value).__name__ for value in found.values()}) if isinstance(found, dict) else []
        raise ValueError(
            f"{path}: expected a state dict of tensors alone, found {', '.join(kinds) or type(found).__name__}"
        )
    return found
