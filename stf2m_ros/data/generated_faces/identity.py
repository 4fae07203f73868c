"""Who is seen: bones, resting face, skin, age, hair, glasses. Lengths in half crop sides, x right, y down."""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

Colour = Tuple[float, float, float]

SKIN_TONES = np.array([(244, 214, 196), (232, 190, 164), (208, 160, 130), (166, 116, 86), (118, 78, 58), (74, 50, 40)])
HAIR_TONES = np.array([(24, 20, 19), (48, 34, 27), (84, 58, 40), (130, 92, 56), (196, 160, 104), (150, 150, 150)])
IRIS_TONES = np.array([(56, 36, 24), (80, 56, 36), (86, 100, 80), (90, 116, 140), (66, 60, 58)])


@dataclass(frozen=True)
class Geometry:
    """Bones and soft parts of the neutral face, the crop running from -1 to 1 in both directions."""

    face_width: float
    jaw_width: float
    chin_y: float
    top_y: float
    brow_y: float
    brow_inner_x: float
    brow_length: float
    brow_thickness: float
    brow_arch: float
    brow_slope: float
    eye_x: float
    eye_y: float
    eye_width: float
    eye_opening: float
    eye_slope: float
    fold_height: float
    nose_y: float
    nose_width: float
    nose_relief: float
    mouth_y: float
    mouth_width: float
    upper_lip: float
    lower_lip: float
    rest_corner: float  # resting mouth corners: up (+) or down (-); a neutral face that looks glad or cross
    rest_gap: float  # lips that part at rest
    teeth_length: float  # how far the upper teeth reach below the resting lip line


@dataclass(frozen=True)
class Look:
    """Surface: colours, age, hair, beard, glasses."""

    skin: Colour
    hair: Colour
    brow: Colour
    lip: Colour
    iris: Colour
    teeth: Colour
    brow_density: float
    age: float  # 0 young to 1 old: folds at rest, and how deep folds become
    oiliness: float
    hair_style: str  # bald, short, long, fringe
    hairline_y: float
    hair_volume: float
    beard: str  # none, stubble, moustache, full
    beard_density: float
    glasses: str  # none, thin, thick, dark
    eyeliner: float
    texture_seed: int


@dataclass(frozen=True)
class Identity:
    """One person's appearance."""

    geometry: Geometry
    look: Look


def draw_identity(rng: np.random.Generator) -> Identity:
    """A random person; the same generator state gives the same person."""
    return Identity(_draw_geometry(rng), _draw_look(rng))


def _draw_geometry(rng: np.random.Generator) -> Geometry:
    def around(centre: float, spread: float) -> float:
        return float(centre + spread * np.clip(rng.normal(), -2.0, 2.0))

    mouth_y = around(0.445, 0.03)
    return Geometry(
        face_width=around(0.68, 0.035),
        jaw_width=around(0.80, 0.06),
        chin_y=mouth_y + around(0.455, 0.03),
        top_y=around(-1.05, 0.06),
        brow_y=around(-0.372, 0.032),
        brow_inner_x=around(0.13, 0.022),
        brow_length=around(0.40, 0.03),
        brow_thickness=max(0.022, around(0.054, 0.016)),
        brow_arch=around(0.045, 0.022),
        brow_slope=around(0.0, 0.035),
        eye_x=around(0.325, 0.018),
        eye_y=around(-0.205, 0.022),
        eye_width=around(0.14, 0.012),
        eye_opening=max(0.05, around(0.085, 0.014)),
        eye_slope=around(0.012, 0.014),
        fold_height=max(0.0, around(0.03, 0.018)),
        nose_y=around(0.16, 0.028),
        nose_width=around(0.148, 0.022),
        nose_relief=max(0.3, around(1.0, 0.25)),
        mouth_y=mouth_y,
        mouth_width=around(0.252, 0.026),
        upper_lip=max(0.02, around(0.05, 0.013)),
        lower_lip=max(0.03, around(0.065, 0.015)),
        rest_corner=around(0.0, 0.028),
        rest_gap=max(0.0, around(-0.01, 0.014)),
        teeth_length=around(-0.012, 0.014),
    )


def _draw_look(rng: np.random.Generator) -> Look:
    skin = _between(SKIN_TONES, rng.beta(1.1, 1.6), rng, spread=7)
    hair = _between(HAIR_TONES, rng.uniform(0, 1) ** 1.6, rng, spread=6)
    darkness = rng.uniform(0.45, 0.95)
    brow = np.minimum(hair * darkness, skin * 0.54)
    lipstick = rng.random() < 0.25
    redness = np.array([0.80, 0.40, 0.42]) if lipstick else np.array([0.88, 0.64, 0.64])
    return Look(
        skin=tuple(skin),
        hair=tuple(hair),
        brow=tuple(brow),
        lip=tuple(np.clip(skin * redness * rng.uniform(0.8, 1.06), 20, 235)),
        iris=tuple(_between(IRIS_TONES, rng.uniform(0, 1), rng, spread=6)),
        teeth=tuple(np.array([236, 230, 216]) * rng.uniform(0.82, 1.0)),
        brow_density=rng.uniform(0.6, 1.0),
        age=float(rng.beta(1.6, 2.0)),
        oiliness=rng.uniform(0, 1),
        hair_style=str(rng.choice(["bald", "short", "long", "fringe"], p=[0.1, 0.42, 0.33, 0.15])),
        hairline_y=rng.uniform(-0.92, -0.66),
        hair_volume=rng.uniform(0.04, 0.24),
        beard=str(rng.choice(["none", "stubble", "moustache", "full"], p=[0.72, 0.14, 0.05, 0.09])),
        beard_density=rng.uniform(0.3, 0.85),
        glasses=str(rng.choice(["none", "thin", "thick", "dark"], p=[0.80, 0.10, 0.08, 0.02])),
        eyeliner=rng.uniform(0, 1) * (rng.random() < 0.4),
        texture_seed=int(rng.integers(1 << 31)),
    )


def _between(tones: np.ndarray, place: float, rng: np.random.Generator, spread: float) -> np.ndarray:
    scaled = place * (len(tones) - 1)
    low = int(min(scaled, len(tones) - 2))
    mixed = tones[low] + (scaled - low) * (tones[low + 1] - tones[low])
    return np.clip(mixed + rng.normal(0, spread, 3), 8, 250)
