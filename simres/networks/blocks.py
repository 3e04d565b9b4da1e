"""Residual blocks for the CIFAR networks, their plain twins, and their shortcuts.

A block is made from (in_channels, out_channels, stride). Its other properties are class attributes, all
optional: `layers` (with weights, 2 by default), `expansion` (output channels as a multiple of its stage's
width, 1) and `preactivated` (norm and ReLU come before its convolutions). A block with a method
`placed(number, count)` is given its place in the network, from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch.nn.functional as F  # noqa: N812  (torch's own convention)
from torch import Tensor, nn

from simres.errors import SimresError

BlockFactory = Callable[[int, int, int], nn.Module]
"""Makes a block from (in_channels, out_channels, stride)."""


def trait(block: BlockFactory, name: str, default: Any) -> Any:
    """Returns the class attribute `name` of what `block` makes; a `partial` may set it by keyword."""
    if isinstance(block, partial):
        return block.keywords.get(name, trait(block.func, name, default))
    return getattr(block, name, default)


class PaddedIdentity(nn.Module):
    """The shortcut without parameters ("option A"): every stride-th pixel, new channels filled with zeros.

    (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride)); the zeros are on both
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
"""The path of a block's input to its output when shapes differ."""


def _convolutions(block: nn.Module, in_channels: int, out_channels: int, stride: int, layers: int) -> None:
    """Gives `block` its 3 x 3 convolutions `conv1`, `conv2` ..., each with a norm and a ReLU."""
    for number in range(1, layers + 1):
        step = stride if number == 1 else 1
        convolution = nn.Conv2d(in_channels, out_channels, 3, step, 1, bias=False)
        norm = nn.BatchNorm2d(in_channels if getattr(block, "preactivated", False) else out_channels)
        block.add_module(f"conv{number}", convolution)
        block.add_module(f"bn{number}", norm)
        block.add_module(f"relu{number}", nn.ReLU())
        in_channels = out_channels


class BasicBlock(nn.Module):
    """3 x 3 convolutions with batch norm, and a shortcut around all of them: y = relu(F(x) + x).

    (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride)). `layers` is the number of
    convolutions that the shortcut skips: the N of section 3.3 of the paper, usually 2.
    """

    layers = 2

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, shortcut: str = "padded", layers: int = 2
    ) -> None:
        super().__init__()
        self.layers = layers
        _convolutions(self, in_channels, out_channels, stride, layers)
        self.shortcut = SHORTCUTS[shortcut](in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""
        y = x
        for number in range(1, self.layers + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            if number == self.layers:
                y = y + self.shortcut(x)
            y = getattr(self, f"relu{number}")(y)
        return y


class PlainBlock(nn.Module):
    """The same convolutions without a shortcut: the baseline of a residual network."""

    layers = 2

    def __init__(self, in_channels: int, out_channels: int, stride: int, layers: int = 2) -> None:
        super().__init__()
        self.layers = layers
        _convolutions(self, in_channels, out_channels, stride, layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""
        for number in range(1, self.layers + 1):
            x = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(x))
            x = getattr(self, f"relu{number}")(x)
        return x


class PreactBlock(nn.Module):
    """Norm and ReLU before each convolution, nothing after the addition (He et al. 2016, arXiv:1603.05027).

    (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride)). A projection shortcut
    starts behind the first ReLU, as in that paper; a padded one at the input.
    """

    layers = 2
    preactivated = True

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, shortcut: str = "padded", layers: int = 2
    ) -> None:
        super().__init__()
        self.layers = layers
        _convolutions(self, in_channels, out_channels, stride, layers)
        self.projects = shortcut == "projection" and (stride != 1 or in_channels != out_channels)
        self.shortcut = (
            nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            if self.projects
            else PaddedIdentity(in_channels, out_channels, stride)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""
        y = skipped = x
        for number in range(1, self.layers + 1):
            y = getattr(self, f"relu{number}")(getattr(self, f"bn{number}")(y))
            if number == 1 and self.projects:
                skipped = y
            y = getattr(self, f"conv{number}")(y)
        z: Tensor = y + self.shortcut(skipped)
        return z


class BottleneckBlock(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions, narrow in the middle, and a shortcut (arXiv:1512.03385, figure 5).

    (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride)); the middle has a quarter
    of `out_channels`. The 3 x 3 convolution has the stride.
    """

    layers = 3
    expansion = 4
    narrowing = 4
    """The ratio of the output's channels to those of the middle."""
    groups = 1
    """Groups of the 3 x 3 convolution."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, shortcut: str = "padded") -> None:
        super().__init__()
        width = out_channels // self.narrowing
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=self.groups, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.shortcut = SHORTCUTS[shortcut](in_channels, out_channels, stride)
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        z: Tensor = self.relu3(self.bn3(self.conv3(y)) + self.shortcut(x))
        return z
