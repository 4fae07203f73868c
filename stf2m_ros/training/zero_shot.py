"""A look at real faces after training: pictures that the network never saw, judged as the robot would judge them."""

from pathlib import Path
from typing import Dict

import numpy as np
import torch

from stf2m_ros.data.sets.ckplus48 import CkPlus48
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading
from stf2m_ros.data.sets.recording import clips
from stf2m_ros.emotions import EMOTIONS, INTENSITIES, NEUTRAL_INDEX
from stf2m_ros.meta.pretraining import FrameReadout
from stf2m_ros.meta.token_cache import encode_faces
from stf2m_ros.meta.window_batches import MAX_WORDS, NO_WORD, WindowBatch
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.stream.settings import Preprocessing, WindowGrid


@torch.no_grad()
def zero_shot_scores(
    folder: Path, readout: FrameReadout, model: WindowModel, pixels: Preprocessing, grid: WindowGrid
) -> Dict[str, float]:
    """Accuracy per sequence over six emotions, from single frames and through the window.

    folder: a set in the form of stf2m_ros.data.sets.ckplus48. Raises FileNotFoundError where it is none.
    """
    frame_right = window_right = sequences = 0
    for clip in clips(CkPlus48(folder, FaceReading(WHOLE, pixels))):
        if clip.labels[0].is_neutral:
            continue
        emotion = clip.labels[0].class_index // len(INTENSITIES)
        tokens = encode_faces(readout.encoder, clip.frames, pixels)
        said, _ = readout.read(torch.from_numpy(tokens))
        frame_right += int(said[:, :-1].softmax(-1).mean(0).argmax()) == emotion
        window_right += _window_says(model, tokens, grid) == emotion
        sequences += 1
    count = max(sequences, 1)
    return {
        "sequences": sequences,
        "frame_accuracy_6": frame_right / count,
        "window_accuracy_6": window_right / count,
    }


def _window_says(model: WindowModel, tokens: np.ndarray, grid: WindowGrid) -> int:
    """The frames fill the newest segment of an otherwise absent window."""
    held = tokens[np.linspace(0, len(tokens) - 1, grid.slots_per_segment).round().astype(int)]
    window = np.zeros((1, grid.slots, *tokens.shape[1:]), np.float32)
    presence = np.zeros((1, grid.slots), np.float32)
    window[0, -len(held) :], presence[0, -len(held) :] = held, 1
    no_words = np.full((1, grid.segments, MAX_WORDS), NO_WORD)
    nothing = np.zeros((1, grid.segments))
    logits = model(WindowBatch(window, presence, no_words, nothing, nothing, nothing, nothing)).logits[
        0, -1, :NEUTRAL_INDEX
    ]
    return int(logits.softmax(-1).view(len(EMOTIONS), -1).sum(-1).argmax())
