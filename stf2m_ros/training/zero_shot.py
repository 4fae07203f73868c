"""A look at real faces after training: pictures that the network never saw, judged as the robot would judge them."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Tuple

import cv2
import numpy as np
import torch

from stf2m_ros.emotions import EMOTIONS, NEUTRAL_INDEX
from stf2m_ros.meta.pretraining import FrameReadout
from stf2m_ros.meta.token_cache import encode_faces
from stf2m_ros.meta.window_batches import MAX_WORDS, NO_WORD, WindowBatch
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.stream.frame_preprocessing import crop_face
from stf2m_ros.stream.settings import Preprocessing, WindowGrid

_FOLDER_NAMES = {"happy": "happiness", "sad": "sadness"}


@torch.no_grad()
def zero_shot_scores(
    folder: Path, readout: FrameReadout, model: WindowModel, pixels: Preprocessing, grid: WindowGrid
) -> Dict[str, float]:
    """Accuracy per sequence over six emotions, from single frames and through the window; empty where no faces are.

    folder: <emotion>/<sequence>_<frame>.png, each picture a face box cut out.
    """
    frame_right, window_right, sequences = 0, 0, read_sequences(folder, pixels)
    for emotion, faces in sequences:
        tokens = encode_faces(readout.encoder, faces, pixels)
        said, _ = readout.read(torch.from_numpy(tokens))
        frame_right += int(said[:, :-1].softmax(-1).mean(0).argmax()) == emotion
        window_right += _window_says(model, tokens, grid) == emotion
    if not sequences:
        return {}
    count = len(sequences)
    return {"sequences": count, "frame_accuracy_6": frame_right / count, "window_accuracy_6": window_right / count}


def read_sequences(folder: Path, pixels: Preprocessing) -> List[Tuple[int, np.ndarray]]:
    """(emotion index, face crops (n, H, W, 3)) of every sequence of the six emotions."""
    found: Dict[Tuple[int, str], List[Path]] = defaultdict(list)
    for path in sorted(Path(folder).glob("*/*.png")):
        emotion = _FOLDER_NAMES.get(path.parent.name, path.parent.name)
        if emotion in EMOTIONS:
            found[EMOTIONS.index(emotion), path.stem.rsplit("_", 1)[0]].append(path)
    return [(emotion, np.stack([_read(path, pixels) for path in paths])) for (emotion, _), paths in found.items()]


def _read(path: Path, pixels: Preprocessing) -> np.ndarray:
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError(f"{path}: expected a picture, found something unreadable")
    height, width = picture.shape[:2]
    # Cut tighter than the robot cuts, so it is taken whole: to widen it would invent what lies around the face.
    whole = replace(pixels, box_scale=1.0)
    return crop_face(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), (0, 0, width, height), whole)


def _window_says(model: WindowModel, tokens: np.ndarray, grid: WindowGrid) -> int:
    """The frames fill the newest segment of an otherwise absent window."""
    held = tokens[np.linspace(0, len(tokens) - 1, grid.slots_per_segment).round().astype(int)]
    window = np.zeros((1, grid.slots, *tokens.shape[1:]), np.float32)
    presence = np.zeros((1, grid.slots), np.float32)
    window[0, -len(held) :], presence[0, -len(held) :] = held, 1
    no_words = np.full((1, grid.segments, MAX_WORDS), NO_WORD)
    nothing = np.zeros((1, grid.segments))
    logits = model(WindowBatch(window, presence, no_words, nothing, nothing)).logits[0, -1, :NEUTRAL_INDEX]
    return int(logits.softmax(-1).view(len(EMOTIONS), -1).sum(-1).argmax())
