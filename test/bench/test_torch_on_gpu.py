"""What PyTorch measures on a GPU, as far as a processor can run it."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from torch_on_gpu import encoder_on, faces_on, head_on  # noqa: E402


def test_the_encoder_runs_as_it_is_measured() -> None:
    encoder, operations = encoder_on("cpu", torch.bfloat16, width=8)
    with torch.no_grad():
        assert encoder(faces_on("cpu", torch.bfloat16, 2)).shape == (2, 16, 64)
    assert operations > 1e6
    assert next(encoder.parameters()).dtype == torch.bfloat16


def test_the_window_head_runs_as_it_is_measured() -> None:
    with torch.no_grad():
        assert head_on("cpu")().logits.shape == (1, 60, 19)
