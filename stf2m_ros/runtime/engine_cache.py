"""Built engines on disk: a readable folder, in which nothing is taken that is not exactly what this machine needs.

    <folder>/<bundle>/frame_encoder.fp16/engine.plan
    <folder>/<bundle>/frame_encoder.fp16/engine.yaml     the fingerprint, and the sha256 of engine.plan
    <folder>/<bundle>/frame_encoder.fp16.dla0/           the same for core 0 of a DLA

TensorRT runs code that it finds in an engine, so a wrong one is found out before TensorRT sees it.
"""

import hashlib
import logging
import os
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Mapping, Union

import yaml

from stf2m_ros.runtime.tensorrt_api import NO_DLA
from stf2m_ros.whole_files import write_whole

PLAN_FILE = "engine.plan"
CARD_FILE = "engine.yaml"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fingerprint:
    """What an engine depends on. Any difference makes it another engine."""

    onnx_sha256: str
    tensorrt: str  # kind and version
    device: str  # model and compute capability
    precision: str  # as built, not as wished for
    max_batch: int
    recipe: int  # of tensorrt_builder.py
    dla: int = NO_DLA  # core of the DLA that it was built for


@dataclass(frozen=True)
class CachedEngine:
    """An engine whose every byte is as it was written."""

    plan: bytes


@dataclass(frozen=True)
class NoEngine:
    """There is none that fits."""

    reason: str  # one line, for people


class EngineCache:
    """Engines of one bundle. One file pair per graph and precision: what changed replaces what was."""

    def __init__(self, folder: Union[str, Path], bundle_name: str) -> None:
        self.folder = Path(folder) / _safe(bundle_name)

    def place(self, graph_file: str, precision: str, dla: int = NO_DLA) -> Path:
        """The folder of one engine."""
        where = "" if dla == NO_DLA else f".dla{dla}"
        return self.folder / f"{Path(graph_file).stem}.{precision}{where}"

    def read(self, graph_file: str, expected: Fingerprint) -> Union[CachedEngine, NoEngine]:
        """The engine, if it is whole and has this fingerprint; else why not."""
        place = self.place(graph_file, expected.precision, expected.dla)
        try:
            card = yaml.safe_load((place / CARD_FILE).read_text(encoding="utf-8"))
            plan = (place / PLAN_FILE).read_bytes()
        except FileNotFoundError:
            return NoEngine(f"no engine in {place}")
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            return NoEngine(f"{place} cannot be read: {' '.join(str(error).split())}")
        reason = _mismatch(card, expected, plan)
        return NoEngine(f"{place}: {reason}") if reason else CachedEngine(plan)

    def write(self, graph_file: str, fingerprint: Fingerprint, plan: bytes) -> None:
        """Keeps an engine. Raises OSError."""
        place = self.place(graph_file, fingerprint.precision, fingerprint.dla)
        card = {"plan_sha256": _sha256(plan), **asdict(fingerprint)}
        place.mkdir(parents=True, exist_ok=True)
        # The card last: until it is there, the new plan matches no card, which reads as no engine.
        write_whole(place / PLAN_FILE, plan)
        write_whole(place / CARD_FILE, yaml.safe_dump(card, sort_keys=False))


def is_writable(folder: Union[str, Path]) -> bool:
    """Whether engines can be kept in the folder, which is made; if not, a warning says why."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=str(folder)):
            return True
    except OSError as error:
        _LOG.warning("engines cannot be kept and will be built again at the next start: %s", error)
        return False


def default_cache_folder() -> Path:
    """Where engines are kept unless the user says otherwise; one that cannot be written for a user without a home."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # a number without a name, as containers have users
        base = "/nonexistent"  # the home of nobody, by Debian's convention
    return Path(base) / "stf2m_ros" / "engines"


def _mismatch(card: Any, expected: Fingerprint, plan: bytes) -> str:
    """One line, empty when all is well."""
    if not isinstance(card, Mapping):
        return f"expected a mapping in {CARD_FILE}, found {type(card).__name__}"
    for each in fields(Fingerprint):
        wanted, found = getattr(expected, each.name), card.get(each.name)
        if found != wanted:
            return f"expected {each.name} {_short(wanted)}, found {_short(found)}"
    wanted, found = card.get("plan_sha256"), _sha256(plan)
    if found != wanted:
        return f"expected {PLAN_FILE} of sha256 {_short(wanted)}, found {_short(found)}; the file was changed"
    return ""


def _short(value: Any) -> str:
    return value[:12] if isinstance(value, str) and len(value) == 64 else str(value)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _safe(name: str) -> str:
    """A bundle's name as a folder's name."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".") or "bundle"
