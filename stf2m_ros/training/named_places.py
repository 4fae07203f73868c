"""What a configuration names on the disk is looked for before anything is done: some is needed after hours only."""

import os
from pathlib import Path
from typing import Tuple

from stf2m_ros.data.sets.catalogue import NAMES
from stf2m_ros.export.from_graph import encoder_sizes
from stf2m_ros.fuzzy.rule_base import RuleTable, load_rule_base
from stf2m_ros.net.frame_encoder import FrameEncoderConfig
from stf2m_ros.net.stf2m import WindowHead
from stf2m_ros.net.text_table import TextTable
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE
from stf2m_ros.training.bundle_head import HEAD_FILES, load_head, load_words
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.data_sources import DataSetSource
from stf2m_ros.training.imagenet_weights import check_imagenet
from stf2m_ros.training.word_vectors import OF_THE_CLIPS


def named_rules(config: TrainingConfig) -> RuleTable:
    """Raises ValueError in one line: the key, what was expected and found."""
    try:
        return load_rule_base(Path(config.rules)).table(config.fuzzy.max_rules)
    except OSError as error:
        raise ValueError(f"rules: expected a file of rules, found {error}") from error
    except ValueError as error:
        raise ValueError(f"rules: {error}") from error


def check_places(config: TrainingConfig) -> None:
    """Raises ValueError in one line: the key, what was expected and found."""
    for key in ("work_folder", "bundle_folder"):
        _expect_folder(key, Path(getattr(config, key)))
    for key, files in (("start_from", (FRAME_ENCODER_FILE,)), ("start_head_from", HEAD_FILES)):
        _expect_bundle(key, getattr(config, key), files)
    if config.start_from and not config.encoder.features:
        _expect_encoder(Path(config.start_from) / FRAME_ENCODER_FILE, config.encoder)
    if config.start_head_from:
        _expect_head(config)
    if config.word_vectors not in ("", OF_THE_CLIPS):
        _expect_file("word_vectors", f"{OF_THE_CLIPS} or a GloVe file", config.word_vectors)
    if config.pretraining.imagenet_weights:
        _expect_file("pretraining.imagenet_weights", "a file of weights", config.pretraining.imagenet_weights)
        check_imagenet(config.encoder, Path(config.pretraining.imagenet_weights))
    for place, source in enumerate(config.data_sets):
        _expect_data_set(f"data_sets[{place}]", source)


def _expect_folder(key: str, folder: Path) -> None:
    """Of a folder that does not stand yet, the one that it will be made in."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise ValueError(f"{key}: expected a folder, found the file {there}")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"{key}: expected a folder that can be written to, found {there}, which cannot")


def _expect_bundle(key: str, folder: str, files: Tuple[str, ...]) -> None:
    missing = [path for path in (Path(folder) / file for file in files) if not path.is_file()] if folder else []
    if missing:
        raise ValueError(f"{key}: expected the folder of a bundle, found no {missing[0]}")


def _expect_encoder(graph: Path, expected: FrameEncoderConfig) -> None:
    try:
        found = encoder_sizes(graph)
    except ValueError as error:
        raise ValueError(f"start_from: {error}") from error
    if found != expected:
        raise ValueError(
            f"encoder: expected width {found.width} and token_dim {found.token_dim}, as {graph} has, "
            f"found {expected.width} and {expected.token_dim}"
        )


def _expect_head(config: TrainingConfig) -> None:
    folder = Path(config.start_head_from)
    try:
        load_head(folder, WindowHead(config.head))
        if not config.word_vectors:
            load_words(folder, TextTable(config.text, ["word"]))
    except ValueError as error:
        raise ValueError(f"start_head_from: {error}") from error


def _expect_file(key: str, what: str, path: str) -> None:
    if not Path(path).is_file():
        raise ValueError(f"{key}: expected {what}, found no file {path}")


def _expect_data_set(key: str, source: DataSetSource) -> None:
    if source.name not in NAMES:
        raise ValueError(f"{key}.name: expected one of {', '.join(sorted(NAMES))}, found {source.name!r}")
    if not Path(source.path).exists():
        raise ValueError(f"{key}.path: expected the data set {source.name}, found nothing at {source.path}")
    if source.pictures and not Path(source.pictures).is_dir():
        raise ValueError(f"{key}.pictures: expected a folder, found none at {source.pictures}")
