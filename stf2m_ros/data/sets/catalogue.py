"""Every data set by its name, as a training configuration or a command line names it."""

from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Optional

from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.data.sets.broken import LeftOut
from stf2m_ros.data.sets.ckplus import CkPlus
from stf2m_ros.data.sets.ckplus48 import CkPlus48
from stf2m_ros.data.sets.crema_d import CremaD
from stf2m_ros.data.sets.disfa import LABELS_FOLDER, Disfa
from stf2m_ros.data.sets.disfa_list import DisfaList
from stf2m_ros.data.sets.manifest import Manifest
from stf2m_ros.data.sets.meld import Meld
from stf2m_ros.data.sets.mosei import Mosei
from stf2m_ros.data.sets.mosi import Mosi
from stf2m_ros.data.sets.recording import DataSet
from stf2m_ros.data.sets.wflw import Wflw
from stf2m_ros.data.sets.wflw_coco import WflwCoco
from stf2m_ros.stream.settings import Preprocessing

BY_RULES = ("disfa", "wflw")
"""Sets without emotions of their own: the fuzzy rules label them."""


def open_data_set(
    name: str,
    path: Path,
    left_out: LeftOut,
    labelling: Optional[RuleLabelling] = None,
    pictures: Optional[Path] = None,
    preprocessing: Optional[Preprocessing] = None,
) -> DataSet:
    """The set of that name and form that stands at path (a folder, or one file of it).

    pictures: folder of the pictures or videos, where the set's labels stand apart from them. preprocessing: how its
    faces are cut, in place of the usual way.
    Raises ValueError for an unknown name or missing rules, FileNotFoundError where no such set stands.
    """
    if name not in _OPENERS:
        raise ValueError(f"expected a data set of {', '.join(sorted(_OPENERS))}, found {name!r}")
    if name in BY_RULES and labelling is None:
        raise ValueError(f"{name}: expected fuzzy rules, which label it, found none")
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected the data set {name}, found nothing")
    opened = _OPENERS[name](path, left_out, labelling, pictures)
    if preprocessing is None or not hasattr(opened, "faces"):
        return opened
    return replace(opened, faces=replace(opened.faces, preprocessing=preprocessing))


def _disfa(path: Path, left_out: LeftOut, how: RuleLabelling, pictures: Optional[Path]) -> DataSet:
    if (path / LABELS_FOLDER).is_dir():
        return Disfa(path, how, left_out=left_out)
    pairs = DisfaList.pairs_in(path) if path.is_dir() else _pair_of(path)
    if len(pairs) != 1:
        raise FileNotFoundError(
            f"{path}: expected DISFA with {LABELS_FOLDER}, or one pair of lists *_img_path*.txt and *_label*.txt, "
            f"found {len(pairs)} pairs"
        )
    return DisfaList(*pairs[0], how, images=pictures, left_out=left_out)


def _pair_of(path: Path) -> list:
    """The pair that a list of names or of scores belongs to."""
    return [pair for pair in DisfaList.pairs_in(path.parent) if path in pair]


def _wflw(path: Path, left_out: LeftOut, how: RuleLabelling, pictures: Optional[Path]) -> DataSet:
    if path.suffix == ".json":
        return WflwCoco(path, how, pictures, left_out=left_out)
    lists = Wflw.lists_in(path) if path.is_dir() else [path]
    if len(lists) > 1:
        lists = [found for found in lists if found.stem.endswith("_train")]
    if not lists:
        json_files = sorted(path.glob("*.json"))
        if len(json_files) == 1:
            return WflwCoco(json_files[0], how, pictures or path, left_out=left_out)
        raise FileNotFoundError(f"{path}: expected list_98pt_rect_attr_train.txt or one .json file, found neither")
    beside = path / "WFLW_images"
    return Wflw(lists[0], how, pictures or (beside if beside.is_dir() else None), left_out=left_out)


def _meld(path: Path, left_out: LeftOut, how: Optional[RuleLabelling], pictures: Optional[Path]) -> DataSet:
    return Meld(Meld.table_in(path) if path.is_dir() else path, pictures, left_out=left_out)


_OPENERS: Dict[str, Callable[..., DataSet]] = {
    "ckplus": lambda path, left_out, how, pictures: CkPlus(path, left_out=left_out),
    "ckplus48": lambda path, left_out, how, pictures: CkPlus48(path, left_out=left_out),
    "disfa": _disfa,
    "wflw": _wflw,
    "mosei": lambda path, left_out, how, pictures: Mosei(Mosei.files_in(path), left_out=left_out),
    "mosi": lambda path, left_out, how, pictures: Mosi(Mosi.files_in(path), left_out=left_out),
    "crema_d": lambda path, left_out, how, pictures: CremaD(path, left_out=left_out),
    "meld": _meld,
    "manifest": lambda path, left_out, how, pictures: Manifest(path, left_out=left_out),
}
NAMES = tuple(_OPENERS)
