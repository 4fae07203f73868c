"""Face crop to region tokens: a ResNet-18 whose last feature map is read as a grid of regions."""

from dataclasses import dataclass
from typing import List

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class FrameEncoderConfig:
    """width: channels of the first stage; 64 is ResNet-18 itself, less is narrower throughout.

    features: 0 for pictures; else how many ready visual features stand in place of each picture.
    """

    width: int = 64
    token_dim: int = 64
    features: int = 0

    def __post_init__(self) -> None:
        if self.width < 8 or self.width % 8:
            raise ValueError(f"width must be a multiple of 8, found {self.width}")
        if self.token_dim < 1:
            raise ValueError(f"token_dim must be at least 1, found {self.token_dim}")
        if self.features < 0:
            raise ValueError(f"features must be 0, for pictures, or more, found {self.features}")


def regions_along_a_side(size_px: int) -> int:
    """Of a face of so many pixels: five times it is halved, rounded up."""
    return -(-size_px // 2**5)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(out + shortcut)


class FrameEncoder(nn.Module):
    """ResNet-18 backbone and a linear projection of every cell of its last map.

    faces: (N, 3, 112, 112) normalised.  Returns region tokens (N, R, token_dim), R = 16 for 112 pixels.
    Parameter names follow the widely used implementation, so that public ImageNet weights load.
    Source: METHOD section 5; the paper's backbone is ResNet-18, tokens per region are ours.
    """

    def __init__(self, config: FrameEncoderConfig) -> None:
        super().__init__()
        width = config.width
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _stage(width, width, stride=1)
        self.layer2 = _stage(width, 2 * width, stride=2)
        self.layer3 = _stage(2 * width, 4 * width, stride=2)
        self.layer4 = _stage(4 * width, 8 * width, stride=2)
        self.project = nn.Linear(8 * width, config.token_dim)

    def feature_map(self, faces: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 8 * width, H / 32, W / 32)."""
        x = self.maxpool(torch.relu(self.bn1(self.conv1(evenly_lit(faces)))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def forward(self, faces: Tensor) -> Tensor:
        return self.project(self.feature_map(faces).flatten(2).transpose(1, 2))

    def load_imagenet(self, weights: dict) -> List[str]:
        """Take over every tensor of a public ResNet-18 state dict except its classifier; returns what it lacked.

        Raises ValueError when a shape differs (a narrow network cannot take full-width weights).
        """
        own = self.state_dict()
        taken = {name: value for name, value in weights.items() if name in own}
        for name, value in taken.items():
            if own[name].shape != value.shape:
                raise ValueError(f"{name}: expected {tuple(own[name].shape)}, found {tuple(value.shape)}")
        self.load_state_dict(taken, strict=False)
        return sorted(own.keys() - taken.keys())


def evenly_lit(faces: Tensor) -> Tensor:
    """Each picture to mean 0 and deviation 1 over all of its pixels: a dim ward and a bright one look alike [ours].

    Colour stays: the channels are moved together. faces: (N, 3, H, W).
    """
    centred = faces - faces.mean((1, 2, 3), keepdim=True)
    # The floor, in units of the preprocessed pixel, keeps a blank picture blank.
    return centred / (centred.square().mean((1, 2, 3), keepdim=True).sqrt() + 0.1)


class FeatureFrontEnd(nn.Module):
    """Ready visual features in place of pixels (35 FACET values in CMU-MOSEI): one linear map to region tokens.

    features: (N, F).  Returns (N, R, token_dim).  Source: METHOD section 5.
    """

    def __init__(self, features: int, regions: int, token_dim: int) -> None:
        super().__init__()
        self.features, self.regions, self.token_dim = features, regions, token_dim
        self.project = nn.Linear(features, regions * token_dim)
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))

    def standardise(self, features: Tensor) -> None:
        """From here on each feature has mean 0 and deviation 1 on these rows (N, F); a constant one becomes 0."""
        self.mean.copy_(features.mean(0))
        self.deviation.copy_(features.std(0, correction=0).clamp(min=1e-3))

    def forward(self, features: Tensor) -> Tensor:
        return self.project((features - self.mean) / self.deviation).unflatten(-1, (self.regions, -1))


def _shortcut(inputs: int, outputs: int, stride: int) -> "nn.Sequential | None":
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1))
