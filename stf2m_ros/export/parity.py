"""Torch and the exported graphs must say the same."""

from pathlib import Path
from typing import Dict

import numpy as np
import torch
from torch import nn

from stf2m_ros.export.to_onnx import head_example
from stf2m_ros.net.fuzzy_layer import RuleTensors
from stf2m_ros.net.stf2m import HeadInputs, WindowHead
from stf2m_ros.runtime.engine import WINDOW_HEAD_INPUTS
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.runtime.remembering_head import open_head
from stf2m_ros.stream.settings import WindowGrid


@torch.no_grad()
def encoder_difference(encoder: nn.Module, path: Path, faces: np.ndarray, name: str = "faces") -> float:
    """Largest absolute difference of the tokens. faces: (N, 3, H, W) normalised, or what its input `name` takes."""
    engine = OnnxEngine(path)
    expected = encoder(torch.from_numpy(faces)).numpy()
    return float(np.abs(engine.run({name: faces})["tokens"] - expected).max())


@torch.no_grad()
def head_differences(
    head: WindowHead, path: Path, rules: RuleTensors, ranges: torch.Tensor, grid: WindowGrid, seed: int
) -> Dict[str, float]:
    """Largest absolute difference of each output, on a random window with absent slots and segments."""
    generator = torch.Generator().manual_seed(seed)
    example = head_example(head, grid, len(rules.free))
    tokens, words = (torch.randn(part.shape, generator=generator) for part in (example[0], example[2]))
    seen, heard = ((torch.rand(part.shape, generator=generator) < 0.7).float() for part in (example[1], example[3]))
    inputs = HeadInputs(tokens, seen, words, heard)
    expected = head(inputs, rules, ranges, head.last_layer)
    flat = (*inputs, *rules, ranges, head.last_layer)
    found = open_head(path).run({name: value.numpy() for name, value in zip(WINDOW_HEAD_INPUTS, flat)})
    return {name: float(np.abs(found[name] - getattr(expected, name).numpy()).max()) for name in expected._fields}
