"""The last step of training: graphs, text table, last layer, rules and the card that vouches for them."""

import logging
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Dict, NamedTuple, Union

import numpy as np
import torch
from torch import nn

from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.export.cpu_encoder import write_cpu_encoder
from stf2m_ros.export.cpu_head import write_cpu_head
from stf2m_ros.export.parity import encoder_difference, head_differences
from stf2m_ros.export.to_onnx import (
    FEATURES_INPUT,
    export_feature_front_end,
    export_frame_encoder,
    export_window_head,
)
from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.meta.window_training import WindowModel
from stf2m_ros.net.frame_encoder import FeatureFrontEnd, FrameEncoder
from stf2m_ros.runtime.bundle import (
    FRAME_ENCODER_CPU_FILE,
    FRAME_ENCODER_FILE,
    LAST_LAYER_ARRAY,
    LAST_LAYER_FILE,
    RULES_FILE,
    TEXT_TABLE_FILE,
    WINDOW_HEAD_CPU_FILE,
    WINDOW_HEAD_FILE,
    load_bundle,
    write_card,
)
from stf2m_ros.runtime.card import BundleCard, FuzzySettings, TokenShape
from stf2m_ros.runtime.plain_dataclasses import to_plain
from stf2m_ros.training.config import TrainingConfig

_LOG = logging.getLogger(__name__)
LARGEST_DIFFERENCE = 1e-4
"""Of logits and tokens between torch and ONNX Runtime; above it no bundle is written."""

UNVALIDATED = "its explanations are unvalidated: no facial component was labelled in training"


class ParityError(ValueError):
    """The exported graphs do not say what the network says."""


class Trained(NamedTuple):
    """What training leaves behind. component_labels: whether the component states of any frame were ever known."""

    encoder: Union[FrameEncoder, FeatureFrontEnd]
    model: WindowModel
    temperature: float
    component_labels: bool


def write_bundle(config: TrainingConfig, trained: Trained, scores: Dict[str, Any]) -> Path:
    """Everything into config.bundle_folder; the card last. Raises ParityError."""
    folder, encoder, model = Path(config.bundle_folder), trained.encoder, trained.model
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(encoder, FeatureFrontEnd):
        export_feature_front_end(encoder, folder / FRAME_ENCODER_FILE)
    else:
        export_frame_encoder(encoder, config.preprocessing.size_px, folder / FRAME_ENCODER_FILE)
    write_cpu_encoder(folder / FRAME_ENCODER_FILE, folder / FRAME_ENCODER_CPU_FILE)
    export_window_head(model.head, config.grid, config.fuzzy.max_rules, folder / WINDOW_HEAD_FILE)
    write_cpu_head(folder / WINDOW_HEAD_FILE, folder / WINDOW_HEAD_CPU_FILE)
    np.savez_compressed(folder / TEXT_TABLE_FILE, **model.text.to_arrays())
    np.savez(folder / LAST_LAYER_FILE, **{LAST_LAYER_ARRAY: model.head.last_layer.detach().numpy()})
    shutil.copyfile(config.rules, folder / RULES_FILE)
    scores = {**scores, "parity": _parity(config, encoder, model, folder)}
    write_card(folder, _card(config, trained, scores))
    load_bundle(folder)  # what cannot be loaded is not finished
    _LOG.info("bundle written: %s (%.1f MB)", folder, sum(p.stat().st_size for p in folder.iterdir()) / 1e6)
    return folder


def _parity(config: TrainingConfig, encoder: nn.Module, model: WindowModel, folder: Path) -> Dict[str, float]:
    size, rng = config.preprocessing.size_px, np.random.default_rng(config.seed)
    if isinstance(encoder, FeatureFrontEnd):
        name, shape = FEATURES_INPUT, (4, encoder.features)
    else:
        name, shape = "faces", (4, 3, size, size)
    inputs = rng.normal(size=shape).astype(np.float32)
    graphs = [file for file in (FRAME_ENCODER_FILE, FRAME_ENCODER_CPU_FILE) if (folder / file).is_file()]
    found = {"tokens": max(encoder_difference(encoder, folder / file, inputs, name) for file in graphs)}
    for name in (WINDOW_HEAD_FILE, WINDOW_HEAD_CPU_FILE):
        differences = head_differences(model.head, folder / name, *model.fuzzy, config.grid, config.seed)
        found.update({output: max(found.get(output, 0.0), value) for output, value in differences.items()})
    worst = max(found, key=found.__getitem__)
    if found[worst] > LARGEST_DIFFERENCE:
        raise ParityError(f"{worst}: expected a difference up to {LARGEST_DIFFERENCE}, found {found[worst]:.2g}")
    _LOG.info("largest difference between torch and ONNX Runtime: %.2g (%s)", found[worst], worst)
    return found


def _card(config: TrainingConfig, trained: Trained, scores: Dict[str, Any]) -> BundleCard:
    """The caveat goes with every message of the robot, so it is there that unvalidated explanations are told."""
    head = config.head
    made = {"date": str(date.today()), "commit": _commit(), "torch": str(torch.__version__)}
    return BundleCard(
        name=config.name,
        model_version=config.model_version,
        caveat=config.caveat if trained.component_labels else f"{config.caveat}; {UNVALIDATED}",
        files={},
        classes=CLASS_NAMES,
        components=tuple(COMPONENTS),
        preprocessing=config.preprocessing,
        grid=config.grid,
        text=config.text,
        fuzzy=_fuzzy(config, trained.model),
        tokens=TokenShape(head.rows * head.columns, head.token_dim, head.embedding_dim),
        temperature=trained.temperature,
        training={**to_plain(config), "component_labels": trained.component_labels, **made},
        scores=rounded(scores),
    )


def _fuzzy(config: TrainingConfig, model: WindowModel) -> FuzzySettings:
    """With the ranges that the model was fitted to."""
    component_range, intensity_range = (round(value, 6) for value in model.fuzzy.ranges.tolist())
    return replace(config.fuzzy, component_range=component_range, intensity_range=intensity_range)


def rounded(scores: Any) -> Any:
    """Numbers to four digits, however nested."""
    if isinstance(scores, dict):
        return {name: rounded(value) for name, value in scores.items()}
    if isinstance(scores, (list, tuple)):
        return [rounded(value) for value in scores]
    return float(f"{scores:.4g}") if isinstance(scores, float) else scores


def _commit() -> str:
    try:
        return subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
