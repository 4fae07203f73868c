"""Clips that are read from data sets on disk; their people are split, each person on one side."""

import logging
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

from tqdm import tqdm

from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.data.sets.broken import LeftOut
from stf2m_ros.data.sets.catalogue import open_data_set
from stf2m_ros.data.sets.recording import Recording
from stf2m_ros.data.store_filling import ClipJob, Outcome, fill_stores
from stf2m_ros.stream.settings import Preprocessing
from stf2m_ros.training.clip_names import SPLITS, WINDOW_CLIPS, ClipNames

_LOG = logging.getLogger(__name__)
_PIXELS = Preprocessing()
_KIND = {"ckplus48": "ckplus"}
"""Sets that show the same people under another name."""


@dataclass(frozen=True)
class DataSetSource:
    """A data set on disk. name: of stf2m_ros.data.sets.catalogue; pictures: where they stand apart from the labels."""

    name: str
    path: str
    pictures: str = ""
    skip_broken: bool = False
    validation_share: float = 0.2  # of the subjects
    workers: int = 2

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers: expected at least 1, found {self.workers}")
        if not 0 <= self.validation_share < 1:
            raise ValueError(f"validation_share: expected 0 to 1, found {self.validation_share}")


class _Opened(NamedTuple):
    """A data set of which nothing but the labels has been read."""

    source: DataSetSource
    left_out: LeftOut
    recordings: List[Recording]


def prepare_data_sets(
    sources: Sequence[DataSetSource],
    labelling: RuleLabelling,
    stores: Dict[str, ClipStore],
    pixels: Preprocessing = _PIXELS,
) -> List[ClipNames]:
    """Read and store every clip of the sets that is missing, or was read from something else; people are split.

    pixels: faces are cut as it says.

    Raises BrokenFileError, and ValueError where clips of two sets share a name, or a person would be on both sides.
    """
    opened = [_opened(source, labelling, pixels) for source in sources]  # all: told before hours of reading
    _check_names(opened)
    _check_people(opened)
    return [_prepare(each, stores) for each in opened]


def _opened(source: DataSetSource, labelling: RuleLabelling, pixels: Preprocessing) -> _Opened:
    left_out, pictures = LeftOut(source.skip_broken), Path(source.pictures) if source.pictures else None
    cut = Preprocessing(pixels.size_px, pixels.box_scale)  # the rest of it changes no crop
    data_set = open_data_set(source.name, Path(source.path), left_out, labelling, pictures, cut)
    return _Opened(source, left_out, list(data_set.recordings()))


def _check_names(opened: Sequence[_Opened]) -> None:
    """Of clips that share a file the later one would stand for both."""
    found: Dict[str, str] = {}
    for source, _, recordings in opened:
        for recording in recordings:
            before = found.setdefault(clip_name(source.name, recording.clip_id), source.path)
            if before != source.path:
                raise ValueError(
                    f"data_sets: expected a clip name of its own for each clip, found {recording.clip_id} in {before} "
                    f"and in {source.path}"
                )


def _check_people(opened: Sequence[_Opened]) -> None:
    """Sets of one kind speak of the same people by the same names."""
    found: Dict[Tuple[str, str], Tuple[str, str]] = {}
    for source, _, recordings in opened:
        for subject in {recording.subject for recording in recordings}:
            split = split_of(subject, source.validation_share)
            before, path = found.setdefault((_KIND.get(source.name, source.name), subject), (split, source.path))
            if before != split:
                raise ValueError(
                    f"data_sets: expected {subject} on one side, found {path} for {before} and {source.path} for "
                    f"{split}; the same validation_share puts the same people on the same side"
                )


def _prepare(opened: _Opened, stores: Dict[str, ClipStore]) -> ClipNames:
    source, left_out, recordings = opened
    jobs = [_job(source, recording, stores) for recording in recordings]
    names: ClipNames = {split: [] for split in SPLITS}
    done = fill_stores(jobs, source.workers)
    for job, outcome in tqdm(done, total=len(jobs), desc=f"read {source.name}", mininterval=1.0):
        if left_out.attempt(_stands, outcome):
            names[job.folder.name].append(job.name)
    for line in left_out.lines():
        _LOG.warning("%s: %s", source.name, line)
    if source.validation_share and not names["validation"]:
        _LOG.warning("%s: none of its people is validated on: the scores will be of other people's clips", source.name)
    return {**names, WINDOW_CLIPS: names["train"]}


def _job(source: DataSetSource, recording: Recording, stores: Dict[str, ClipStore]) -> ClipJob:
    split = split_of(recording.subject, source.validation_share)
    name = clip_name(source.name, recording.clip_id)
    return ClipJob(stores[split].folder, name, recording.load, fingerprint(recording))


def _stands(outcome: Outcome) -> bool:
    outcome()
    return True


def split_of(subject: str, validation_share: float) -> str:
    """The same subject is always on the same side, whatever other subjects there are."""
    place = zlib.crc32(subject.encode("utf-8")) / 2**32
    return "validation" if place < validation_share else "train"


def clip_name(set_name: str, clip_id: str) -> str:
    """A file name; clips of different sets never share one."""
    return re.sub(r"[^\w.-]", "_", f"{set_name}-{clip_id}")
