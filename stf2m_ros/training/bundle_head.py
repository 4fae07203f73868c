"""Stage 2 begun with what a bundle has learned: its window head, its last layer and its words."""

from pathlib import Path

import numpy as np
import torch

from stf2m_ros.export.from_graph import load_head_from_graph
from stf2m_ros.net.stf2m import WindowHead
from stf2m_ros.net.text_table import TextTable
from stf2m_ros.runtime.bundle import LAST_LAYER_FILE, TEXT_TABLE_FILE, WINDOW_HEAD_FILE, load_bundle

HEAD_FILES = (WINDOW_HEAD_FILE, LAST_LAYER_FILE, TEXT_TABLE_FILE)


def load_head(folder: Path, head: WindowHead) -> None:
    """With its last layer. Raises ValueError in one line where the bundle is damaged or its sizes are others."""
    bundle = load_bundle(folder)
    load_head_from_graph(bundle.path(WINDOW_HEAD_FILE), head)
    with torch.no_grad():
        head.last_layer.copy_(torch.from_numpy(bundle.last_layer))


def load_words(folder: Path, table: TextTable) -> None:
    """Raises ValueError in one line where the bundle's table is another one."""
    path = folder / TEXT_TABLE_FILE
    try:
        with np.load(path) as arrays:
            table.load_arrays(arrays)
    except (KeyError, ValueError) as error:
        expected = f"{table.table.num_embeddings} buckets of rank {table.table.embedding_dim}"
        raise ValueError(f"{path}: expected a subword table with {expected}, found: {error}") from error
