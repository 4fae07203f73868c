"""Clips that the generator makes: how many of which people, and how they are spoiled."""

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Dict, List, NamedTuple

from tqdm import tqdm

from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.data.generated_faces.clip import generate_clip
from stf2m_ros.data.generated_faces.settings import GENERATOR_VERSION, GeneratorSettings
from stf2m_ros.data.store_filling import ClipJob, fill_stores
from stf2m_ros.stream.checked_numbers import require_between
from stf2m_ros.stream.settings import Preprocessing
from stf2m_ros.training.clip_names import WINDOW_CLIPS, ClipNames

_PIXELS = Preprocessing()


@dataclass(frozen=True)
class GeneratedClips:
    """How many generated clips to train and to validate on. Nobody is in both.

    windows: clips for stage 2, of people whom stage 1 never saw, at windows_frames_per_s; 0: stage 1's own clips.
    The encoder reads the people it has learned from too well: a head trained on them trusts its tokens too much.
    occluded_share, foggy_share: of the training clips (stage 1 and 2), those in which something comes before the face
    at some time, fog stands before the camera. covered_share: of the clips of stage 2, those in which something large
    hides part of the picture; stage 1 covers faces as it draws them (`augmentation.covered_share`).
    identities: every clip draws its person from so many: 4,000 clips from 4,000 show 2,526 people.
    training_frames_per_s: stage 1 looks at single frames, and learns more from more people than from more of each.
    """

    training: int = 1400
    windows: int = 0
    validation: int = 120
    identities: int = 4000
    occluded_share: float = 0.15
    covered_share: float = 0.0
    foggy_share: float = 0.0
    training_frames_per_s: float = 10.0
    windows_frames_per_s: float = 5.0
    duration_s: float = 30.0
    workers: int = 2

    def __post_init__(self) -> None:
        if min(self.training, self.validation, self.workers) < 1:
            raise ValueError(f"expected at least one training clip, validation clip and worker, found {self}")
        require_between(self, 0, math.inf, "windows")
        require_between(self, 1, math.inf, "identities")
        generated(self, _PIXELS)  # which checks the rest


class Generated(NamedTuple):
    """So many clips, made like this."""

    how: GeneratorSettings
    count: int


def generated(settings: GeneratedClips, pixels: Preprocessing) -> Dict[str, Generated]:
    """What is generated for each use."""
    validation = GeneratorSettings(
        people="validation",
        identities=settings.identities,
        duration_s=settings.duration_s,
        size_px=pixels.size_px,
    )
    spoiled = replace(
        validation,
        occluded_share=settings.occluded_share,
        covered_share=settings.covered_share,
        foggy_share=settings.foggy_share,
    )
    covered_share = 0.0 if settings.windows else settings.covered_share
    train = replace(spoiled, people="train", frames_per_s=settings.training_frames_per_s, covered_share=covered_share)
    windows = replace(spoiled, people=WINDOW_CLIPS, frames_per_s=settings.windows_frames_per_s)
    return {
        "train": Generated(train, settings.training),
        WINDOW_CLIPS: Generated(windows, settings.windows),
        "validation": Generated(validation, settings.validation),
    }


def prepare_generated(
    settings: GeneratedClips, stores: Dict[str, ClipStore], pixels: Preprocessing = _PIXELS
) -> ClipNames:
    """Generate and store every clip that is missing, or was made with other settings."""
    names = {
        use: _generate(*made, stores["validation" if use == "validation" else "train"], settings.workers)
        for use, made in generated(settings, pixels).items()
    }
    return {**names, WINDOW_CLIPS: names[WINDOW_CLIPS] or names["train"]}


def _generate(how: GeneratorSettings, count: int, store: ClipStore, workers: int) -> List[str]:
    made_from = fingerprint(how, GENERATOR_VERSION)
    jobs = [
        ClipJob(store.folder, f"{how.people}_{seed:06d}", partial(generate_clip, seed, how), made_from)
        for seed in range(count)
    ]
    done = fill_stores(jobs, workers)
    for _, outcome in tqdm(done, total=count, desc=f"generate {how.people} clips", mininterval=1.0, disable=not count):
        outcome()
    return [job.name for job in jobs]
