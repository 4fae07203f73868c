"""Model bundles on disk: a folder whose files match their card, or an error that says what was expected and found."""

import hashlib
import logging
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Mapping, Optional, Union
from zipfile import BadZipFile

import numpy as np
import yaml

from stf2m_ros.emotions import CLASS_NAMES
from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.fuzzy.rule_base import RuleTable, load_rule_base
from stf2m_ros.runtime.card import FORMAT_VERSION, BundleCard
from stf2m_ros.runtime.plain_dataclasses import from_plain, to_plain
from stf2m_ros.whole_files import write_whole

CARD_FILE = "bundle.yaml"
FRAME_ENCODER_FILE = "frame_encoder.onnx"
WINDOW_HEAD_FILE = "window_head.onnx"
FRAME_ENCODER_CPU_FILE = "frame_encoder.cpu.onnx"
WINDOW_HEAD_CPU_FILE = "window_head.cpu.onnx"
TEXT_TABLE_FILE = "text_table.npz"
LAST_LAYER_FILE = "last_layer.npz"
RULES_FILE = "rules.yaml"
FRAME_ENCODER_INT8_FILE = "frame_encoder.int8.onnx"
FRAME_ENCODER_TENSORRT_INT8_FILE = "frame_encoder.int8_tensorrt.onnx"
OPTIONAL_FILES = (
    *(FRAME_ENCODER_INT8_FILE, FRAME_ENCODER_TENSORRT_INT8_FILE),
    *(FRAME_ENCODER_CPU_FILE, WINDOW_HEAD_CPU_FILE),
)
BUNDLE_FILES = (FRAME_ENCODER_FILE, WINDOW_HEAD_FILE, TEXT_TABLE_FILE, LAST_LAYER_FILE, RULES_FILE)
LAST_LAYER_ARRAY = "weight"

PathLike = Union[str, Path]
_LOG = logging.getLogger(__name__)


class BundleMismatch(ValueError):  # noqa: N818, it says what is wrong
    """The bundle is not what its card, or this version of the runtime, says it is. One line: expected and found."""


class BundleNotFound(BundleMismatch):
    """There is no bundle where one was named."""


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. The engines and the text table are opened from `folder` by whoever needs them."""

    folder: Path
    card: BundleCard
    rules: RuleTable
    last_layer: np.ndarray  # (19, E + 1) float32, biases in the last column

    def path(self, file_name: str) -> Path:
        return self.folder / file_name


def load_bundle(folder: PathLike, rules_file: Optional[PathLike] = None) -> Bundle:
    """Reads and verifies a bundle; `rules_file` replaces its rule base. Raises BundleNotFound, BundleMismatch."""
    folder = Path(folder)
    card = read_card(folder)
    _check_vocabulary(folder, card)
    verify_files(folder, card)
    rules_path = Path(rules_file) if rules_file else folder / RULES_FILE
    rules = _read_rules(rules_path, card.fuzzy.max_rules)
    bundle = Bundle(folder, card, rules, _read_last_layer(folder / LAST_LAYER_FILE, card))
    _LOG.info("bundle %s %s from %s, rules from %s", card.name, card.model_version, folder, rules_path)
    return bundle


def read_card(folder: PathLike) -> BundleCard:
    """The card alone, without looking at the other files. Raises BundleNotFound, BundleMismatch."""
    path = Path(folder) / CARD_FILE
    if not path.parent.is_dir():
        raise BundleNotFound(f"{path.parent}: expected a model bundle, found no such folder")
    if not path.is_file():
        raise BundleNotFound(f"{path.parent}: expected a model bundle, found a folder without {CARD_FILE}")
    plain = _read_yaml(path)
    # The version comes first: a card of another version may have other keys, and the version is what to tell.
    if plain.get("format_version") != FORMAT_VERSION:
        found = plain.get("format_version", "none")
        raise BundleMismatch(f"{path}: expected format_version {FORMAT_VERSION}, found {found}")
    try:
        return from_plain(BundleCard, plain)
    except ValueError as error:
        raise BundleMismatch(f"{path}: {error}") from error


def verify_files(folder: PathLike, card: BundleCard) -> None:
    """Every file that the card lists has the bytes that it had when the card was written."""
    unlisted = [name for name in BUNDLE_FILES if name not in card.files]
    if unlisted:
        raise BundleMismatch(f"{Path(folder) / CARD_FILE}: expected files to list {unlisted[0]}, found it missing")
    for name, expected in card.files.items():
        path = Path(folder) / name
        if Path(name).name != name:
            raise BundleMismatch(f"{path}: expected a plain file name in files, found {name!r}")
        if not path.is_file():
            raise BundleMismatch(f"{path}: expected a file with sha256 {expected[:12]}, found no such file")
        found = sha256_of(path)
        if found != expected:
            raise BundleMismatch(f"{path}: expected sha256 {expected[:12]}, found {found[:12]}; the file was changed")


def write_card(folder: PathLike, card: BundleCard) -> BundleCard:
    """Writes bundle.yaml for the files now in the folder, atomically; returns the card with their sha256 filled in."""
    folder = Path(folder)
    complete = replace(card, files=file_digests(folder))
    text = yaml.safe_dump(to_plain(complete), sort_keys=False, allow_unicode=True, width=120)
    write_whole(folder / CARD_FILE, text)
    return complete


def file_digests(folder: PathLike) -> Dict[str, str]:
    """File name -> sha256 of the files of a bundle. Raises BundleMismatch where one is missing."""
    missing = [name for name in BUNDLE_FILES if not (Path(folder) / name).is_file()]
    if missing:
        raise BundleMismatch(f"{folder}: expected the files {', '.join(BUNDLE_FILES)}, found no {missing[0]}")
    there = [name for name in (*BUNDLE_FILES, *OPTIONAL_FILES) if (Path(folder) / name).is_file()]
    return {name: sha256_of(Path(folder) / name) for name in there}


def sha256_of(path: PathLike) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _read_yaml(path: Path) -> Mapping:
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BundleMismatch(f"{path}: expected YAML, found {_one_line(error)}") from error
    if not isinstance(plain, Mapping):
        raise BundleMismatch(f"{path}: expected a mapping of keys, found {type(plain).__name__}")
    return plain


def _check_vocabulary(folder: Path, card: BundleCard) -> None:
    for key, expected, found in (
        ("classes", CLASS_NAMES, card.classes),
        ("components", tuple(COMPONENTS), card.components),
    ):
        if len(found) != len(expected):
            raise BundleMismatch(f"{folder / CARD_FILE}: expected {len(expected)} {key}, found {len(found)}")
        for index, (name, other) in enumerate(zip(expected, found)):
            if name != other:
                raise BundleMismatch(f"{folder / CARD_FILE}: expected {key}[{index}] to be {name}, found {other}")


def _read_rules(path: Path, max_rules: int) -> RuleTable:
    try:
        return load_rule_base(path).table(max_rules)
    except FileNotFoundError as error:
        raise BundleMismatch(f"{path}: expected a file of rules, found no such file") from error
    except (OSError, ValueError) as error:
        message = _one_line(error)
        raise BundleMismatch(message if str(path) in message else f"{path}: {message}") from error


def _read_last_layer(path: Path, card: BundleCard) -> np.ndarray:
    expected = (len(card.classes), card.tokens.embedding_dim + 1)
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:  # np.load leaves a damaged one open
            weight = arrays[LAST_LAYER_ARRAY]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise BundleMismatch(f"{path}: expected an array {LAST_LAYER_ARRAY!r}, found {_one_line(error)}") from error
    if weight.shape != expected or weight.dtype != np.float32:
        raise BundleMismatch(f"{path}: expected {expected} float32, found {weight.shape} {weight.dtype}")
    return weight


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
