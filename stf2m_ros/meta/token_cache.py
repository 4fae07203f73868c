"""Every frame encoded once: the frozen encoder's tokens of all clips, stored, beside what each slot is labelled.

The cut is the same as between the two engines on the robot. Source: METHOD section 6.
"""

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import List, Optional, Tuple, Union

import numpy as np
import torch

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.clip_store import ClipStore, StoredFrames
from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.data.row_files import RowFiles, StoredRows
from stf2m_ros.data.slots import SlotTrack, slot_track
from stf2m_ros.meta.devices import device_of
from stf2m_ros.meta.pretraining import FrameReadout, normalise
from stf2m_ros.net.frame_encoder import FrameEncoder
from stf2m_ros.net.stf2m import NUM_COMPONENTS
from stf2m_ros.stream.settings import Preprocessing, WindowGrid
from stf2m_ros.whole_files import write_whole

Pictures = Union[np.ndarray, StoredFrames]
"""(T, H, W, 3) RGB uint8."""


@dataclass(frozen=True)
class TokenCache:
    """tokens: (frames of all clips, R, D) float16, read as they are asked for; tracks[i]'s frames begin at starts[i].

    states: (frames of all clips, 12) float16, the component states that the frozen read-out saw; None where it never
    learned any.
    """

    tokens: Union[np.ndarray, StoredRows]
    tracks: Tuple[SlotTrack, ...]
    starts: Tuple[int, ...]
    states: Optional[np.ndarray] = None

    def __len__(self) -> int:
        return len(self.tracks)

    def slot_tokens(self, index: int, slots: slice) -> Tuple[np.ndarray, np.ndarray]:
        """Tokens (T, R, D) and presence (T,) of a stretch of one clip; absent slots hold zeros."""
        frames = self.tracks[index].frame_index[slots]
        present = frames >= 0
        tokens = np.zeros((len(frames), *self.tokens.shape[1:]), np.float32)
        tokens[present] = self.tokens[self.starts[index] + frames[present]]
        return tokens, present.astype(np.float32)

    def slot_states(self, index: int, slots: slice) -> np.ndarray:
        """(T, 12) what the read-out saw in a stretch of one clip; NaN in absent slots, and where it never learned."""
        frames = self.tracks[index].frame_index[slots]
        states = np.full((len(frames), NUM_COMPONENTS), np.nan, np.float32)
        if self.states is not None:
            states[frames >= 0] = self.states[self.starts[index] + frames[frames >= 0]]
        return states

    @property
    def has_component_labels(self) -> bool:
        """Whether the component states of any frame are known."""
        return any(bool(np.isfinite(track.components).any()) for track in self.tracks)


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
    made_from = {"clips": store.digest(names), "encoder": encoder_stamp, "pixels": fingerprint(pixels)}
    files = RowFiles(folder, "tokens", made_from)
    ends = np.cumsum([store.frame_count(name) for name in names])
    starts = tuple(int(start) for start in np.append(0, ends)[:-1])
    if not files.complete:
        _encode_all(store, names, encoder, pixels, files, starts)
    filmed = np.diff(ends, prepend=0) > 0
    tracks = tuple(_track(clip, grid, seen) for clip, seen in zip(store.read_all(names, frames=False), filmed))
    return TokenCache(StoredRows(folder / "tokens.npy"), tracks, starts)


def _track(clip: Clip, grid: WindowGrid, filmed: bool) -> SlotTrack:
    """A clip may have times and states without pictures: then there is nothing to be seen in it."""
    track = slot_track(clip, grid)
    return track if filmed else replace(track, frame_index=np.full(len(track), -1))


def _encode_all(
    store: ClipStore,
    names: List[str],
    encoder: FrameEncoder,
    pixels: Preprocessing,
    files: RowFiles,
    starts: Tuple[int, ...],
) -> None:
    """Clip by clip, from where a former run was stopped."""
    filmed = [name for name in names if store.frame_count(name)]
    if not filmed:
        raise ValueError(f"{store.folder}: expected clips with pictures, found none among {len(names)}")
    shape = encode_faces(encoder, store.frames(filmed[0])[:1], pixels).shape[1:]
    rows = starts[-1] + store.frame_count(names[-1])
    tokens = files.begin(len(names), {"tokens": ((rows, *shape), np.float16)})["tokens"]
    for item in files.to_do("encode once"):
        frames = store.frames(names[item])
        if len(frames):
            tokens[starts[item] : starts[item] + len(frames)] = encode_faces(encoder, frames, pixels)


@torch.no_grad()
def encode_faces(encoder: FrameEncoder, faces: Pictures, pixels: Preprocessing, batch: int = 100) -> np.ndarray:
    """(T, H, W, 3) uint8 -> (T, R, D) float32."""
    parts = [torch.from_numpy(faces[start : start + batch]) for start in range(0, len(faces), batch)]
    faces = (part.to(device_of(encoder)).permute(0, 3, 1, 2).float() / 255 for part in parts)
    return torch.cat([encoder(normalise(part, pixels)).cpu() for part in faces]).numpy()


def with_read_states(cache: TokenCache, readout: FrameReadout, readout_stamp: str, folder: Path) -> TokenCache:
    """The cache with what the read-out sees in each of its frames, read once and kept next to the tokens.

    folder: the cache's own. readout_stamp: names the weights of encoder and read-out.
    """
    path, stamp = folder / "states.npy", folder / "states.json"
    wanted = {"tokens": json.loads((folder / "tokens.json").read_text())["made"], "readout": readout_stamp}
    if not stamp.exists() or json.loads(stamp.read_text()) != wanted:
        stamp.unlink(missing_ok=True)
        content = io.BytesIO()
        np.save(content, read_states(cache.tokens, readout))
        write_whole(path, content.getbuffer())
        write_whole(stamp, json.dumps(wanted))
    return replace(cache, states=np.load(path, mmap_mode="r"))


@torch.no_grad()
def read_states(tokens: Union[np.ndarray, StoredRows], readout: FrameReadout, batch: int = 2000) -> np.ndarray:
    """(N, R, D) tokens -> (N, 12) float16 component states."""
    parts = (torch.from_numpy(np.array(tokens[start : start + batch])) for start in range(0, len(tokens), batch))
    states = (readout.read(part.to(device_of(readout)))[1] for part in parts)
    return np.concatenate([part.cpu().numpy().astype(np.float16) for part in states])
