"""The CIFAR residual networks of He et al. 2015 (arXiv:1512.03385, section 4.2) and their plain twins.

A stem of 16 channels, then three stages of n blocks with 16, 32 and 64 channels at 32 x 32, 16 x 16 and
8 x 8 pixels, global average pooling and one linear layer: 6n + 2 layers with weights.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own convention)
from torch import Tensor, nn

from simres.errors import SimresError

BlockFactory = Callable[[int, int, int], nn.Module]
"""Makes a block from (in_channels, out_channels, stride)."""

STAGES = (16, 32, 64)
"""Output channels of the three stages."""


class PaddedIdentity(nn.Module):
    """The shortcut without parameters ("option A"): every stride-th pixel, new channels filled with zeros.

    (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride)); the zeros go on both
    sides of the old channels.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        if out_channels < in_channels:
            raise SimresError(
                f"a zero-padded shortcut cannot go from {in_channels} channels to {out_channels}",
                "use shortcut='projection' where a block has fewer channels than the one before it",
            )
        self.stride = stride
        self.before = (out_channels - in_channels) // 2
        self.after = out_channels - in_channels - self.before

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        if self.stride != 1:
            x = x[:, :, :: self.stride, :: self.stride]
        if self.before or self.after:
            x = F.pad(x, (0, 0, 0, 0, self.before, self.after))
        return x


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """The shortcut with parameters ("option B"): 1 x 1 convolution and batch norm where shapes change."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
    )


SHORTCUTS: dict[str, BlockFactory] = {"padded": PaddedIdentity, "projection": projection}
"""How a block's input reaches its output when shapes differ."""


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm, and a shortcut round them: y = relu(F(x) + x).

    (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride)).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, shortcut: str = "padded") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = SHORTCUTS[shortcut](in_channels, out_channels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        z: Tensor = self.relu2(y + self.shortcut(x))
        return z


class PlainBlock(nn.Module):
    """The same two convolutions with no shortcut: what a residual network is compared with."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        z: Tensor = self.relu2(self.bn2(self.conv2(y)))
        return z


class CifarNet(nn.Module):
    """A stem, three stages of blocks, global average pooling and a classifier.

    (N, 3, H, W) -> (N, classes). Convolutions start from Kaiming's normal distribution (fan out), as in
    the paper's reference [13].
    """

    def __init__(self, blocks_per_stage: int, block: BlockFactory, classes: int = 10) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, STAGES[0], 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(STAGES[0])
        self.relu = nn.ReLU()
        blocks: list[nn.Module] = []
        channels = STAGES[0]
        for stage, width in enumerate(STAGES):
            for position in range(blocks_per_stage):
                blocks.append(block(channels, width, 2 if stage > 0 and position == 0 else 1))
                channels = width
        self.layers = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> logits (N, classes)."""
        x = self.relu(self.bn(self.conv(x)))
        x = self.pool(self.layers(x))
        logits: Tensor = self.fc(torch.flatten(x, 1))
        return logits
