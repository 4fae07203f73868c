"""Stage 1: the frame encoder learns emotion and component states from single frames, and then stays as it is.

Source: METHOD section 6; the paper keeps its feature extractor unaltered in meta-training (VI-A1).
"""

import math
from dataclasses import dataclass, field
from typing import Dict, Tuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stf2m_ros.data.frame_set import FrameSet
from stf2m_ros.emotions import EMOTIONS, INTENSITIES
from stf2m_ros.meta.augmentation import AugmentationSettings, augment
from stf2m_ros.meta.batch_draws import Rows
from stf2m_ros.meta.devices import device_of, mixed_precision
from stf2m_ros.meta.losses import masked_square
from stf2m_ros.meta.processes import ALONE, Processes
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings
from stf2m_ros.net.frame_encoder import FrameEncoder
from stf2m_ros.stream.checked_numbers import require_between
from stf2m_ros.stream.settings import Preprocessing


@dataclass(frozen=True)
class PretrainingSettings:
    """component_weight: of the component loss beside the emotion loss.

    bfloat16: mixed precision of the backbone, where the device has it. imagenet_weights: a file of public ResNet-18
    weights to begin with; else random ones.
    """

    imagenet_weights: str = ""
    frames_per_clip: int = 40
    component_weight: float = 8.0
    bfloat16: bool = True
    optimiser: OptimiserSettings = field(default_factory=lambda: OptimiserSettings(steps=4000, batch_size=96))
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)

    def __post_init__(self) -> None:
        require_between(self, 1, math.inf, "frames_per_clip")
        require_between(self, 0, math.inf, "component_weight")


class FrameReadout(nn.Module):
    """What single frames tell: emotion (six and neutral) and component states. It is not exported."""

    def __init__(self, encoder: FrameEncoder, regions: int, token_dim: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.emotion = nn.Linear(regions * token_dim, len(EMOTIONS) + 1)
        self.components = nn.Linear(regions * token_dim, 12)

    def forward(self, faces: Tensor) -> Tuple[Tensor, Tensor]:
        """(N, 3, H, W) -> emotion logits (N, 7), component states (N, 12)."""
        return self.read(self.encoder(faces))

    def read(self, tokens: Tensor) -> Tuple[Tensor, Tensor]:
        """(N, R, D) tokens -> the same."""
        flat = functional.relu(tokens.float()).flatten(1)
        return self.emotion(flat), torch.tanh(self.components(flat))


class PretrainingTask:
    """The losses of step number `step`: a batch drawn, augmented and read; of our processes' batch, our share."""

    def __init__(
        self,
        readout: FrameReadout,
        frames: FrameSet,
        settings: PretrainingSettings,
        pixels: Preprocessing,
        seed: int,
        processes: Processes = ALONE,
    ) -> None:
        self.readout, self.frames, self.settings, self.pixels, self.seed = readout, frames, settings, pixels, seed
        self.processes = processes
        size = settings.optimiser.batch_size
        self.rows, self.fraction = Rows(size, processes.share(size)), processes.fraction(size)

    def __call__(self, step: int) -> Losses:
        faces, emotion, components = self._batch(step)
        with mixed_precision(faces.device, self.settings.bfloat16):
            logits, states = self.readout(faces)
        square = masked_square(states.float(), components, self.processes.total)
        return {
            "emotion": functional.cross_entropy(logits.float(), emotion, label_smoothing=0.05) * self.fraction,
            "components": self.settings.component_weight * square,
        }

    def _batch(self, step: int) -> Tuple[Tensor, Tensor, Tensor]:
        rng, device = np.random.default_rng((self.seed, step)), device_of(self.readout)
        index = np.sort(rng.integers(len(self.frames), size=self.rows.count))[self.rows.own]
        faces = torch.from_numpy(self.frames.faces[index]).to(device).permute(0, 3, 1, 2).float() / 255
        components = torch.from_numpy(self.frames.components[index]).to(device)
        generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
        faces, components = augment(faces, components, self.settings.augmentation, generator, self.rows)
        emotion = torch.from_numpy(self.frames.class_index[index] // len(INTENSITIES)).long().to(device)
        return normalise(faces, self.pixels), emotion, components


def normalise(faces: Tensor, pixels: Preprocessing) -> Tensor:
    """(N, 3, H, W) in 0 to 1 -> what the encoder takes; `stf2m_ros.stream.frame_preprocessing` in torch."""
    mean, std = (torch.tensor(values, device=faces.device).view(1, 3, 1, 1) for values in (pixels.mean, pixels.std))
    return ((faces - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def frame_scores(readout: FrameReadout, frames: FrameSet, pixels: Preprocessing, batch: int = 128) -> Dict[str, float]:
    """Accuracy over six emotions and neutral, and mean absolute error of the components, on unseen frames."""
    correct, error, known, device = 0, 0.0, 0, device_of(readout)
    for start in range(0, len(frames), batch):
        part = slice(start, start + batch)
        faces = torch.from_numpy(np.array(frames.faces[part])).to(device).permute(0, 3, 1, 2).float() / 255
        logits, states = (said.cpu() for said in readout(normalise(faces, pixels)))
        emotion = torch.from_numpy(frames.class_index[part] // len(INTENSITIES))
        correct += int((logits.argmax(-1) == emotion).sum())
        difference = (states - torch.from_numpy(np.array(frames.components[part]))).abs()
        error += float(difference.nansum())
        known += int((~difference.isnan()).sum())
    return {"frame_accuracy_7": correct / len(frames), "frame_component_error": error / max(known, 1)}
