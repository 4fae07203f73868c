from pathlib import Path
from typing import Dict

import numpy as np
import pytest
import torch

from stf2m_ros.export.tensorrt_int8 import quantise_for_tensorrt
from stf2m_ros.export.to_onnx import export_frame_encoder, export_window_head, round_to_half, shippable
from stf2m_ros.fuzzy.rule_base import load_rule_base
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.net.stf2m import WindowHead, WindowHeadConfig
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, FRAME_ENCODER_TENSORRT_INT8_FILE, WINDOW_HEAD_FILE
from stf2m_ros.runtime.engine import WINDOW_HEAD_INPUTS
from stf2m_ros.stream.settings import WindowGrid

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def exported_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both graphs and TensorRT's int8 one at their real shape: a narrow encoder, normalisations that have seen data."""
    folder = tmp_path_factory.mktemp("exported")
    torch.manual_seed(0)
    encoder = FrameEncoder(FrameEncoderConfig(width=16)).train()
    with torch.no_grad():
        encoder(torch.randn(8, 3, 112, 112) * 2 + 1)
    head = WindowHead(WindowHeadConfig()).eval()
    round_to_half(head)
    export_frame_encoder(shippable(encoder), 112, folder / FRAME_ENCODER_FILE)
    export_window_head(head, WindowGrid(), 64, folder / WINDOW_HEAD_FILE)
    faces = np.random.RandomState(0).randn(8, 3, 112, 112).astype(np.float32)
    quantise_for_tensorrt(folder / FRAME_ENCODER_FILE, folder / FRAME_ENCODER_TENSORRT_INT8_FILE, faces)
    return folder


@pytest.fixture(scope="session")
def head_inputs() -> Dict[str, np.ndarray]:
    """One window with absent slots and segments, the shipped rules, and a random last layer."""
    random, rules = np.random.RandomState(0), load_rule_base(REPOSITORY / "config/rules/facs.yaml").table()
    seen, heard = random.rand(1, 300) < 0.7, random.rand(1, 60) < 0.5
    arrays = (
        random.randn(1, 300, 16, 64),
        seen,
        random.randn(1, 60, 300),
        heard,
        *(rules.codes, rules.weights, rules.free, rules.emotion, rules.level),
        np.array([0.4, 0.4]),
        random.randn(19, 129) * 0.1,
    )
    return {name: np.asarray(array, np.float32) for name, array in zip(WINDOW_HEAD_INPUTS, arrays)}
