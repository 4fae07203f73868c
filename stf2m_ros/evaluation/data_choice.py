"""What `--data` names: generated faces of unseen people, or a set on disk; and how its pictures meet interference."""

import hashlib
import logging
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np

import stf2m_ros.data.generated_faces as generator
from stf2m_ros.data.clip import Clip
from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.data.fingerprint import content_checksum
from stf2m_ros.data.generated_faces.clip import generate_clip
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.data.sets.broken import LeftOut
from stf2m_ros.data.sets.catalogue import NAMES, open_data_set
from stf2m_ros.data.sets.ckplus48 import FOLDER_EMOTIONS
from stf2m_ros.data.sets.face_reading import WHOLE, FaceReading, NoFaceFound
from stf2m_ros.data.sets.pictures import Picture, PictureSource
from stf2m_ros.data.sets.recording import DataSet
from stf2m_ros.evaluation.interference.corruptions import CLEAN, WORDS, Corruption, Moment
from stf2m_ros.evaluation.interference.spoiled_pictures import spoiled
from stf2m_ros.evaluation.study import EvaluationData, StudySize, numbered
from stf2m_ros.stream.face_observation import FaceFound

_LOG = logging.getLogger(__name__)
GENERATED = "generated"
CLIPS_OF_A_SET = 20
"""Clips of a set from disk for each generated one: they are short."""
_PARTS = _JUDGED, _LEARNED_FROM = ("test", "train")


@dataclass(frozen=True)
class GeneratedData:
    """Generated talking faces: the people judged on are of the part "test", those to learn from of "train"."""

    work: Path
    size: StudySize
    name: str = GENERATED
    held_out: bool = True

    @cached_property
    def checksum(self) -> str:
        """Of the generator's sources and settings: they make the clips, pixel by pixel."""
        settings = tuple(self._settings(people) for people in _PARTS)
        digest = hashlib.sha256(repr((settings, self.size.clips)).encode())
        for path in sorted(Path(generator.__file__).parent.glob("*.py")):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def clips(self, corruption: Corruption = CLEAN) -> Iterator[Clip]:
        for clip in self._made(_JUDGED, self.size.clips):
            yield corrupted(clip, corruption)

    def training_clips(self) -> Iterator[Clip]:
        yield from self._made(_LEARNED_FROM, self.size.training_clips)

    def _settings(self, people: str) -> GeneratorSettings:
        length_s = {} if people == _JUDGED else {"duration_s": self.size.training_clip_s}
        return GeneratorSettings(people=people, **length_s)

    def _made(self, people: str, count: int) -> Iterator[Clip]:
        store, settings = ClipStore(self.work / "clips" / f"{people}-{self.checksum[:12]}"), self._settings(people)
        for seed in range(count):
            name = f"{people}_{seed:06d}"
            if not store.holds(name):
                store.write(name, generate_clip(seed, settings))
            yield store.read(name)


@dataclass(frozen=True)
class SetData:
    """A set of stf2m_ros.data.sets, as its reader gives it; the same people to learn from and to be judged on.

    set_name: of its reader; name: what it is called in a report.
    """

    set_name: str
    path: Path
    size: StudySize
    name: str
    labelling: Optional[RuleLabelling] = None
    held_out: bool = False

    @cached_property
    def checksum(self) -> str:
        """Of the recordings that are judged: their labels, and the content of every file that they are read from."""
        return content_checksum(self._chosen(self.open()))

    def clips(self, corruption: Corruption = CLEAN) -> Iterator[Clip]:
        data_set = self.open()
        for recording in self._chosen(data_set):
            clip = data_set.left_out.attempt(_loaded, recording, corruption)
            if clip is not None:
                yield _without_words(clip, corruption)
        for line in data_set.left_out.lines() if corruption.level == 0 else ():  # told once
            _LOG.warning("%s: %s", self.name, line)

    def training_clips(self) -> Iterator[Clip]:
        return self.clips()

    def open(self) -> DataSet:
        return open_data_set(self.set_name, self.path, LeftOut(skip_broken=True), self.labelling)

    def _chosen(self, data_set: DataSet) -> List[Any]:
        """All recordings, or as many as the size says, spread evenly over the set."""
        found, most = list(data_set.recordings()), self.size.clips * CLIPS_OF_A_SET
        if not most or len(found) <= most:
            return found
        return [found[place] for place in np.linspace(0, len(found) - 1, most).round().astype(int)]


def open_data(text: str, size: StudySize, work: Path, labelling: Optional[RuleLabelling] = None) -> EvaluationData:
    """`generated`, NAME:PATH with a name of stf2m_ros.data.sets.catalogue, a manifest, or a folder like ckplus48.

    Raises ValueError or FileNotFoundError in one line.
    """
    if text == GENERATED:
        return GeneratedData(work, size)
    name, _, rest = text.partition(":")
    path = Path(rest if name in NAMES and rest else text)
    if name not in NAMES or not rest:
        name = _kind_of(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected the data set {name}, found nothing")
    data = SetData(name, path, size, name, labelling)
    data.open()
    return data


def told_apart(data: Sequence[Any]) -> List[EvaluationData]:
    """The same, of which each has a name of its own: the second manifest is called manifest-2."""
    names = numbered([each.name for each in data])
    return [each if each.name == name else replace(each, name=name) for each, name in zip(data, names)]


def _kind_of(path: Path) -> str:
    if path.suffix.lower() in (".csv", ".jsonl"):
        return "manifest"
    if path.is_dir() and any(each.is_dir() and each.name.lower() in FOLDER_EMOTIONS for each in path.iterdir()):
        return "ckplus48"
    raise ValueError(
        f"data: expected {GENERATED}, NAME:PATH (names: {', '.join(NAMES)}), a manifest .csv or .jsonl, "
        f"or a folder of emotions such as anger and happy, found {path}"
    )


def corrupted(clip: Clip, corruption: Corruption) -> Clip:
    """A clip of ready face crops, interfered with."""
    clip = _without_words(clip, corruption)
    if clip.frames is None or corruption.level == 0 or corruption.kind == WORDS:
        return clip
    moments = [Moment(clip.clip_id, index, float(stamp_s)) for index, stamp_s in enumerate(clip.frame_s)]
    changed = [spoiled(frame, moment, corruption) for frame, moment in zip(clip.frames, moments)]
    kept = np.array([frame is not None for frame in changed], bool)
    frames = np.stack([frame for frame in changed if frame is not None]) if kept.any() else clip.frames[:0]
    components = None if clip.components is None else clip.components[kept]
    # Built anew: a generated clip knows more of each frame, which no longer fits.
    return Clip(
        clip.clip_id,
        clip.subject,
        frames,
        np.asarray(clip.frame_s)[kept],
        clip.words,
        clip.labels,
        components,
        facts=clip.facts,
    )


def _without_words(clip: Clip, corruption: Corruption) -> Clip:
    kept = tuple(word for place, word in enumerate(clip.words) if corruption.keeps_word(clip.clip_id, place))
    return replace(clip, words=kept)


def _loaded(recording: Any, corruption: Corruption) -> Clip:
    """Raises BrokenFileError. The pictures are interfered with before a face is looked for in them.

    Where no face is found behind the interference the words are still heard, as by the robot.
    """
    if corruption.level == 0:
        return recording.load()
    filmed = getattr(recording, "filmed", recording)  # a manifest's recording has it
    if getattr(filmed, "pictures", None) is None:
        return corrupted(recording.load(), corruption)
    spoiled_film = _with_interference(filmed, corruption)
    try:
        return (replace(recording, filmed=spoiled_film) if filmed is not recording else spoiled_film).load()
    except NoFaceFound:
        return replace(recording.load(), frames=None, frame_s=np.empty(0), components=None)


def _with_interference(recording: Any, corruption: Corruption) -> Any:
    source = InterferedPictures(recording.pictures, recording.clip_id, recording.faces, corruption)
    return replace(recording, pictures=source)


@dataclass(frozen=True)
class InterferedPictures:
    """A picture source behind fog, masks and the like. Where the face is, is found in the clean picture."""

    source: PictureSource
    clip_id: str
    faces: FaceReading
    corruption: Corruption

    @property
    def place(self) -> Path:
        return self.source.place

    def length_s(self) -> float:
        return self.source.length_s()

    def images(self) -> Iterator[Picture]:
        cropper = self.faces.cropper()
        for picture in self.source.images():
            face = self._face(picture, cropper)
            moment = Moment(self.clip_id, picture.index, picture.stamp_s, face)
            changed = spoiled(picture.image_rgb, moment, self.corruption)
            if changed is not None:
                yield picture._replace(image_rgb=changed)

    def _face(self, picture: Picture, cropper: Any) -> Optional[Tuple[float, float, float]]:
        if "mask" not in self.corruption.kind or self.faces.face == WHOLE:
            return None
        box = picture.box
        if box is None:
            seen = cropper.locate(picture.stamp_s, picture.image_rgb)
            if not isinstance(seen, FaceFound):
                return None
            box = seen.box
        scale = self.faces.preprocessing.box_scale
        x, y, width, height = box
        side = max(width, height) * scale
        return x + width / 2 - side / 2, y + height / 2 - side / 2, side
