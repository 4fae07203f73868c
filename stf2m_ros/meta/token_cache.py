"""Every frame encoded once: the frozen encoder's tokens of all clips, memory-mapped, beside what each slot is labelled.

The cut is the same as between the two engines on the robot. Source: METHOD section 6.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import List, Tuple

import numpy as np
import torch
from tqdm import tqdm

from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.data.slots import SlotTrack, slot_track
from stf2m_ros.meta.pretraining import normalise
from stf2m_ros.net.frame_encoder import FrameEncoder
from stf2m_ros.stream.settings import Preprocessing, WindowGrid


@dataclass(frozen=True)
class TokenCache:
    """tokens: (frames of all clips, R, D) float16, memory-mapped; tracks[i]'s frames begin at starts[i]."""

    tokens: np.ndarray
    tracks: Tuple[SlotTrack, ...]
    starts: Tuple[int, ...]

    def __len__(self) -> int:
        return len(self.tracks)

    def slot_tokens(self, index: int, slots: slice) -> Tuple[np.ndarray, np.ndarray]:
        """Tokens (T, R, D) and presence (T,) of a stretch of one clip; absent slots hold zeros."""
        frames = self.tracks[index].frame_index[slots]
        present = frames >= 0
        tokens = np.zeros((len(frames), *self.tokens.shape[1:]), np.float32)
        tokens[present] = self.tokens[self.starts[index] + frames[present]]
        return tokens, present.astype(np.float32)


def token_cache(
    store: ClipStore,
    names: List[str],
    encoder: FrameEncoder,
    encoder_stamp: str,
    pixels: Preprocessing,
    grid: WindowGrid,
    folder: Path,
) -> TokenCache:
    """The cache that stands in the folder, made first where it is missing, of other clips or of another encoder.

    encoder_stamp: names the encoder's weights, so that tokens of older ones are never used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted, stamp = {"names": names, "encoder": encoder_stamp}, folder / "tokens.json"
    fresh = stamp.exists() and json.loads(stamp.read_text())["made"] == wanted
    if not fresh:
        stamp.unlink(missing_ok=True)
        counts = _encode_all(store, names, encoder, pixels, folder / "tokens.npy")
        stamp.write_text(json.dumps({"made": wanted, "counts": counts}))
    counts = json.loads(stamp.read_text())["counts"]
    tracks = tuple(slot_track(clip, grid) for clip in store.read_all(names, frames=False))
    starts = tuple(int(start) for start in np.cumsum([0, *counts[:-1]]))
    return TokenCache(np.load(folder / "tokens.npy", mmap_mode="r"), tracks, starts)


def _encode_all(
    store: ClipStore, names: List[str], encoder: FrameEncoder, pixels: Preprocessing, path: Path
) -> List[int]:
    counts = [store.frame_count(name) for name in names]
    tokens, at = None, 0
    for clip in tqdm(store.read_all(names), total=len(names), desc="encode once", mininterval=1.0):
        if clip.frames is None:
            continue
        encoded = encode_faces(encoder, clip.frames, pixels)
        if tokens is None:
            tokens = np.lib.format.open_memmap(path, "w+", np.float16, (sum(counts), *encoded.shape[1:]))
        tokens[at : at + len(encoded)] = encoded
        at += len(encoded)
    if tokens is None:
        raise ValueError(f"{store.folder}: expected clips with pictures, found none among {len(names)}")
    tokens.flush()
    return counts


@torch.no_grad()
def encode_faces(encoder: FrameEncoder, faces: np.ndarray, pixels: Preprocessing, batch: int = 100) -> np.ndarray:
    """(T, H, W, 3) uint8 -> (T, R, D) float32."""
    parts = [torch.from_numpy(faces[start : start + batch]) for start in range(0, len(faces), batch)]
    encoded = [encoder(normalise(part.permute(0, 3, 1, 2).float() / 255, pixels)) for part in parts]
    return torch.cat(encoded).numpy()
