"""The last step of training: graphs, text table, last layer, rules and the card that vouches for them."""

import logging
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any, Dict

import numpy as np
import torch

from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.export.parity import encoder_difference, head_differences
from stf2m_ros.export.to_onnx import export_frame_encoder, export_window_head
from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.net.frame_encoder import FrameEncoder
from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_FILE,
    LAST_LAYER_ARRAY,
    LAST_LAYER_FILE,
    RULES_FILE,
    TEXT_TABLE_FILE,
    WINDOW_HEAD_FILE,
    load_bundle,
    write_card,
)
from stf2m_ros.runtime.card import BundleCard, TokenShape
from stf2m_ros.runtime.plain_dataclasses import to_plain
from stf2m_ros.training.config import TrainingConfig

_LOG = logging.getLogger(__name__)
LARGEST_DIFFERENCE = 1e-4
"""Of logits and tokens between torch and ONNX Runtime; above it no bundle is written."""


class ParityError(RuntimeError):
    """The exported graphs do not say what the network says."""


def write_bundle(
    config: TrainingConfig, encoder: FrameEncoder, model: WindowModel, temperature: float, scores: Dict[str, Any]
) -> Path:
    """Everything into config.bundle_folder; the card last. Raises ParityError."""
    folder = Path(config.bundle_folder)
    folder.mkdir(parents=True, exist_ok=True)
    export_frame_encoder(encoder, config.preprocessing.size_px, folder / FRAME_ENCODER_FILE)
    export_window_head(model.head, config.grid, config.fuzzy.max_rules, folder / WINDOW_HEAD_FILE)
    np.savez_compressed(folder / TEXT_TABLE_FILE, **model.text.to_arrays())
    np.savez(folder / LAST_LAYER_FILE, **{LAST_LAYER_ARRAY: model.head.last_layer.detach().numpy()})
    shutil.copyfile(config.rules, folder / RULES_FILE)
    scores = {**scores, "parity": _parity(config, encoder, model, folder)}
    write_card(folder, _card(config, temperature, scores))
    load_bundle(folder)  # what cannot be loaded is not finished
    _LOG.info("bundle written: %s (%.1f MB)", folder, sum(p.stat().st_size for p in folder.iterdir()) / 1e6)
    return folder


def _parity(config: TrainingConfig, encoder: FrameEncoder, model: WindowModel, folder: Path) -> Dict[str, float]:
    size = config.preprocessing.size_px
    faces = np.random.default_rng(config.seed).normal(size=(4, 3, size, size)).astype(np.float32)
    found = {"tokens": encoder_difference(encoder, folder / FRAME_ENCODER_FILE, faces)}
    found.update(head_differences(model.head, folder / WINDOW_HEAD_FILE, *model.fuzzy, config.grid, config.seed))
    worst = max(found, key=found.__getitem__)
    if found[worst] > LARGEST_DIFFERENCE:
        raise ParityError(f"{worst}: expected a difference up to {LARGEST_DIFFERENCE}, found {found[worst]:.2g}")
    _LOG.info("largest difference between torch and ONNX Runtime: %.2g (%s)", found[worst], worst)
    return found


def _card(config: TrainingConfig, temperature: float, scores: Dict[str, Any]) -> BundleCard:
    head = config.head
    return BundleCard(
        name=config.name,
        model_version=config.model_version,
        caveat=config.caveat,
        files={},
        classes=CLASS_NAMES,
        components=tuple(COMPONENTS),
        preprocessing=config.preprocessing,
        grid=config.grid,
        text=config.text,
        fuzzy=config.fuzzy,
        tokens=TokenShape(head.rows * head.columns, head.token_dim, head.embedding_dim),
        temperature=temperature,
        training={**to_plain(config), "date": str(date.today()), "commit": _commit(), "torch": str(torch.__version__)},
        scores=_rounded(scores),
    )


def _rounded(scores: Any) -> Any:
    if isinstance(scores, dict):
        return {name: _rounded(value) for name, value in scores.items()}
    return float(f"{scores:.4g}") if isinstance(scores, float) else scores


def _commit() -> str:
    try:
        return subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
