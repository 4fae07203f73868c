"""Several recordings of each of some generated people, as the frozen encoder sees them: what it takes to know a person.

Each recording has its own camera, light and episodes; the person's bones, resting face and way of expressing stay.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List

import numpy as np

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.data.generated_faces.clip import components_of, generate_clip, labels_of, perform
from stf2m_ros.data.generated_faces.settings import GeneratorSettings
from stf2m_ros.data.row_files import RowFiles, StoredRows
from stf2m_ros.data.slots import slot_track
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, read_card
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.stream.frame_preprocessing import normalise

_FRAMES_AT_ONCE = 50


@dataclass(frozen=True)
class Crowd:
    """So many people of one part of the generated ones (`PEOPLE`), each in so many recordings."""

    part: str
    people: int
    recordings: int
    frames_per_s: float = 5.0
    duration_s: float = 30.0

    def __post_init__(self) -> None:
        if self.people < 1 or self.recordings < 1:
            raise ValueError(f"expected at least one person and one recording, found {self}")

    @property
    def settings(self) -> GeneratorSettings:
        return GeneratorSettings(
            people=self.part, identities=self.people, frames_per_s=self.frames_per_s, duration_s=self.duration_s
        )

    def seeds(self) -> List[int]:
        """Of the recordings: everybody's first, then everybody's second, and so on."""
        found: Dict[int, List[int]] = {}
        seed, missing = 0, self.people
        while missing:
            own = found.setdefault(self._person(seed), [])
            if len(own) < self.recordings:
                own.append(seed)
                missing -= len(own) == self.recordings
            seed += 1
        return [seeds[number] for number in range(self.recordings) for _, seeds in sorted(found.items())]

    def _person(self, seed: int) -> int:
        """Who is recorded under a seed: the first that `perform` draws."""
        rng = np.random.default_rng([seed, self.settings.first_identity])
        return int(rng.integers(self.settings.identity_count))


def encoded_crowd(crowd: Crowd, bundle: Path, folder: Path) -> TokenCache:
    """Their recordings through the bundle's frame encoder, made first where they do not stand in the folder.

    Goes on where a former run was stopped. Raises BundleMismatch, BundleNotFound.
    """
    card, seeds, settings = read_card(bundle), crowd.seeds(), crowd.settings
    shape, count = (card.tokens.regions, card.tokens.token_dim), settings.frame_count
    made_from = {"crowd": fingerprint(crowd), "encoder": card.files[FRAME_ENCODER_FILE]}
    files = RowFiles(folder, "tokens", made_from)
    if not files.complete:
        engine = OnnxEngine(bundle / FRAME_ENCODER_FILE)
        tokens = files.begin(len(seeds), {"tokens": ((len(seeds) * count, *shape), np.float16)})["tokens"]
        for item in files.to_do(f"record {crowd.people} people"):
            faces = generate_clip(seeds[item], settings).frames
            parts = (
                normalise(faces[at : at + _FRAMES_AT_ONCE], card.preprocessing)
                for at in range(0, count, _FRAMES_AT_ONCE)
            )
            rows = np.concatenate([engine.run({"faces": part})["tokens"] for part in parts])
            tokens[item * count : (item + 1) * count] = rows
    tracks = tuple(slot_track(_unfilmed(seed, settings), card.grid) for seed in seeds)
    return TokenCache(StoredRows(folder / "tokens.npy"), tracks, tuple(range(0, len(seeds) * count, count)))


def _unfilmed(seed: int, settings: GeneratorSettings) -> Clip:
    """The clip of a seed without its pictures, which are what takes time."""
    shown = perform(settings, np.random.default_rng([seed, settings.first_identity]))
    return Clip(
        f"{settings.people}-{seed}",
        shown.subject,
        None,
        shown.frame_s,
        shown.words,
        labels_of(shown.extents, settings),
        components_of(shown.units),
    )
