from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tiny_windows import model_of

from stf2m_ros.meta.pretraining import FrameReadout
from stf2m_ros.net.frame_encoder import FrameEncoder, FrameEncoderConfig
from stf2m_ros.stream.settings import Preprocessing, WindowGrid
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.zero_shot import zero_shot_scores


@pytest.fixture(scope="module")
def untrained():
    torch.manual_seed(0)
    config = TrainingConfig()
    readout = FrameReadout(FrameEncoder(FrameEncoderConfig(width=8)), regions=16, token_dim=64).eval()
    return readout, model_of(config.head, config.text).eval()


def write_faces(folder: Path, names: list) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), np.random.default_rng(0).integers(0, 255, (48, 48), np.uint8))
    return folder


def test_pictures_of_one_sequence_are_one_answer_and_contempt_is_none(tmp_path, untrained):
    names = [f"happy/S010_002_0000001{i}.png" for i in (2, 3, 4)]
    faces = write_faces(tmp_path, [*names, "anger/S011_001_00000012.png", "contempt/S012_001_00000012.png"])
    found = zero_shot_scores(faces, *untrained, Preprocessing(), WindowGrid())
    assert found["sequences"] == 2
    assert found["frame_accuracy_6"] in (0.0, 0.5, 1.0)


def test_an_encoder_that_always_says_one_emotion_is_right_as_often_as_that_emotion_occurs(tmp_path, untrained):
    readout, model = untrained
    faces = write_faces(
        tmp_path, ["fear/S010_002_00000012.png", "fear/S011_002_00000012.png", "sadness/S013_1_001.png"]
    )
    with torch.no_grad():
        readout.emotion.weight.zero_()
        readout.emotion.bias.copy_(torch.eye(7)[4])  # fear
    found = zero_shot_scores(faces, readout, model, Preprocessing(), WindowGrid())
    assert found["frame_accuracy_6"] == pytest.approx(2 / 3)
