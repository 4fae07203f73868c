"""Stage 2 begun with what a bundle has learned: its window head, its last layer and its words."""

from pathlib import Path

import numpy as np
import torch

from stf2m_ros.export.from_graph import load_head_from_graph
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.net.text_table import TextTable
from stf2m_ros.runtime.bundle import LAST_LAYER_ARRAY, LAST_LAYER_FILE, TEXT_TABLE_FILE, WINDOW_HEAD_FILE

HEAD_FILES = (WINDOW_HEAD_FILE, LAST_LAYER_FILE, TEXT_TABLE_FILE)


def begin_with_bundle(model: WindowModel, folder: Path) -> None:
    """Ready word vectors stay as they are. Raises ValueError in one line where the bundle's sizes are others."""
    load_head_from_graph(folder / WINDOW_HEAD_FILE, model.head)
    with np.load(folder / LAST_LAYER_FILE) as arrays, torch.no_grad():
        model.head.last_layer.copy_(torch.from_numpy(arrays[LAST_LAYER_ARRAY]))
    if not isinstance(model.text, TextTable):
        return
    path = folder / TEXT_TABLE_FILE
    try:
        with np.load(path) as arrays:
            model.text.load_arrays(arrays)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: expected a subword table of {model.text_settings}, found: {error}") from error
