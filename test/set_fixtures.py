"""Small data sets on disk, written in exactly the formats in which the real ones are distributed."""

from pathlib import Path
from typing import Dict, Sequence

import cv2
import numpy as np
import pytest

from stf2m_ros.data.rule_labels import RuleLabelling
from stf2m_ros.data.sets.disfa import UNITS
from stf2m_ros.fuzzy.rule_base import load_rule_base

ROOT = Path(__file__).resolve().parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"
FACS = ROOT / "config" / "rules" / "facs.yaml"


def real(*parts: str) -> Path:
    """A real file or folder beside the checkout; the test is skipped where it is not at hand."""
    path = REAL_DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the real {parts[0]} is not at hand ({path})")
    return path


def facs_labelling() -> RuleLabelling:
    return RuleLabelling(load_rule_base(FACS).table(None))


def write_picture(path: Path, value: int = 100, size: int = 48) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((size, size), value, np.uint8))
    return path


def write_video(path: Path, frames: int = 30, fps: float = 30.0, size: int = 64) -> Path:
    """Each frame is uniformly 4 brighter than the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = {".avi": cv2.VideoWriter_fourcc(*"MJPG"), ".flv": 2, ".mp4": cv2.VideoWriter_fourcc(*"mp4v")}[path.suffix]
    writer = cv2.VideoWriter(str(path), code, fps, (size, size))
    assert writer.isOpened()
    for number in range(frames):
        writer.write(np.full((size, size, 3), 4 * number, np.uint8))
    writer.release()
    return path


def write_csd(path: Path, root: str, videos: Dict[str, tuple]) -> Path:
    """videos: name -> (features (N, F), intervals (N, 2))."""
    h5py = pytest.importorskip("h5py")
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for video, (features, intervals) in videos.items():
            features = np.asarray(features)
            if features.dtype.kind == "U":
                features = features.astype("S32")
            elif features.dtype.kind == "f":
                features = features.astype(np.float32)
            file[f"{root}/data/{video}/features"] = features
            file[f"{root}/data/{video}/intervals"] = np.asarray(intervals, np.float32)
        metadata = file.require_group(f"{root}/metadata")
        metadata["root name"] = np.array([f'"{root}"'.encode()])
    return path


def write_disfa_labels(folder: Path, subject: str, scores: Dict[int, Sequence[int]], rows: int) -> None:
    """ActionUnit_Labels/SN001/SN001_au1.txt and its eleven brothers; units not named are 0."""
    person = folder / "ActionUnit_Labels" / subject
    person.mkdir(parents=True, exist_ok=True)
    for unit in UNITS:
        values = scores.get(unit, [0] * rows)
        lines = "".join(f"{frame},{value}\n" for frame, value in enumerate(values, start=1))
        (person / f"{subject}_au{unit}.txt").write_text(lines)


def unit_scores(*rows: Dict[int, float]) -> np.ndarray:
    """(rows, 12) scores of DISFA's units; those not named are 0."""
    return np.array([[row.get(unit, 0) for unit in UNITS] for row in rows], np.float32)


def face_points(smile: float = 0.0, scale: float = 100.0) -> np.ndarray:
    """98 landmarks of a face drawn with ruler and compasses, in WFLW's order. smile raises the mouth's corners."""
    angle = np.linspace(np.pi, 0, 33)
    points = np.zeros((98, 2))
    points[0:33] = np.stack([np.cos(angle) * 0.9, np.sin(angle) * 1.2 - 0.2], 1)
    for first, centre in ((33, -0.5), (42, 0.5)):
        points[first : first + 9] = np.stack([centre + np.linspace(-0.25, 0.25, 9), np.full(9, -0.45)], 1)
    points[51:55] = np.stack([np.zeros(4), np.linspace(-0.2, 0.15, 4)], 1)
    points[55:60] = np.stack([np.linspace(-0.12, 0.12, 5), np.full(5, 0.2)], 1)
    for first, centre in ((60, -0.45), (68, 0.45)):
        turn = np.pi - np.arange(8) * np.pi / 4
        points[first : first + 8] = np.stack([centre + 0.18 * np.cos(turn), -0.2 - 0.07 * np.sin(turn)], 1)
    points[76:83] = np.stack([np.linspace(-0.3, 0.3, 7), 0.5 - 0.05 * np.sin(np.linspace(0, np.pi, 7))], 1)
    points[83:88] = np.stack([np.linspace(0.2, -0.2, 5), np.full(5, 0.6)], 1)
    points[88:93] = np.stack([np.linspace(-0.25, 0.25, 5), np.full(5, 0.5)], 1)
    points[93:96] = np.stack([np.linspace(0.15, -0.15, 3), np.full(3, 0.52)], 1)
    points[96], points[97] = (-0.45, -0.2), (0.45, -0.2)
    points[[76, 82], 1] -= 0.18 * 0.9 * smile
    return (points * scale + 2 * scale).astype(np.float32)


def wflw_line(points: np.ndarray, picture: str, attributes: Sequence[int] = (0, 0, 0, 0, 0, 0)) -> str:
    coordinates = " ".join(f"{value:.6f}" for value in points.ravel())
    low, high = points.min(0).astype(int), points.max(0).astype(int)
    return f"{coordinates} {low[0]} {low[1]} {high[0]} {high[1]} {' '.join(map(str, attributes))} {picture}\n"
