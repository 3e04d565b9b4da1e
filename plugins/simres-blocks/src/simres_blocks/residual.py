"""The blocks. Each is made from (in_channels, out_channels, stride) and does
(N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own convention)
from torch import Tensor, nn

from simres.networks.blocks import SHORTCUTS, BasicBlock, BottleneckBlock, PreactBlock


class Squeeze(nn.Module):
    """Two 3 x 3 convolutions, each output channel weighed by a number from 0 to 1, and a shortcut.

    y = relu(s F(x) + x) with s = sigmoid(W2 relu(W1 mean(F(x)))): Hu et al. 2018, "Squeeze-and-Excitation
    Networks" (arXiv:1709.01507), figure 3. The middle has a sixteenth of the channels, as there, and at
    least four.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, shortcut: str = "padded") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        squeezed = max(4, out_channels // 16)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.squeeze = nn.Linear(out_channels, squeezed)
        self.excite = nn.Linear(squeezed, out_channels)
        self.shortcut = SHORTCUTS[shortcut](in_channels, out_channels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        weights = torch.sigmoid(self.excite(F.relu(self.squeeze(self.pool(y).flatten(1)))))
        z: Tensor = self.relu2(y * weights[:, :, None, None] + self.shortcut(x))
        return z


class Aggregated(BottleneckBlock):
    """1 x 1, 3 x 3 in groups, and 1 x 1 convolutions, and a shortcut.

    Xie et al. 2017, "Aggregated Residual Transformations for Deep Neural Networks" (arXiv:1611.05431),
    figure 3c and table 1: the middle has half of the output's channels, twice a bottleneck's.
    """

    narrowing = 2
    groups = 8


class Wide(PreactBlock):
    """The block with norm and ReLU first, four times as wide.

    Zagoruyko and Komodakis 2016, "Wide Residual Networks" (arXiv:1605.07146): B(3, 3) with k = 4, and a
    1 x 1 convolution for a shortcut where the number of channels changes. A CIFAR network of depth d is
    their WRN-(d + 2)-4, which count those three convolutions too.
    """

    expansion = 4

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, shortcut: str = "projection", layers: int = 2
    ) -> None:
        super().__init__(in_channels, out_channels, stride, shortcut, layers)


class Stochastic(BasicBlock):
    """A basic block that is left out now and then while it is trained: y = relu(x) instead of relu(F(x) + x).

    Huang et al. 2016, "Deep Networks with Stochastic Depth" (arXiv:1603.09382): block l of L survives with
    probability 1 - l / L (1 - p), p = 1/2 for the last, drawn once a batch. They scale F(x) down when the
    network is used; here it is scaled up while training, so that a traced block is a basic one.
    """

    last_survives = 0.5

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, shortcut: str = "padded", layers: int = 2
    ) -> None:
        super().__init__(in_channels, out_channels, stride, shortcut, layers)
        self.survives = self.last_survives

    def placed(self, number: int, count: int) -> None:
        """Told its place in the network: the deeper, the more often it is left out."""
        self.survives = 1 - number / count * (1 - self.last_survives)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        if not self.training:
            return super().forward(x)
        skipped: Tensor = self.shortcut(x)
        if torch.rand(()).item() >= self.survives:
            return F.relu(skipped)
        y = x
        for number in range(1, self.layers + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            if number < self.layers:
                y = getattr(self, f"relu{number}")(y)
        return F.relu(y / self.survives + skipped)


class Attention(nn.Module):
    """A 3 x 3 convolution, then attention between pixels where a basic block has its second one.

    After Srinivas et al. 2021, "Bottleneck Transformers for Visual Recognition" (arXiv:2101.11605), figure 1:
    convolutions find features, attention brings together what lies apart. Every pixel asks, but only
    averages over a grid of 8 x 8 answer (the reduction of Wang et al. 2021, arXiv:2102.12122, section 3.3),
    so that the 1024 pixels of the first stage cost 64 products each and not 1024. A head has 16 channels.
    """

    layers = 2
    grid = 8
    head = 16

    def __init__(self, in_channels: int, out_channels: int, stride: int, shortcut: str = "padded") -> None:
        super().__init__()
        self.heads = max(1, out_channels // self.head)
        self.conv = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.query = nn.Conv2d(out_channels, out_channels, 1, bias=False)
        self.key = nn.Conv2d(out_channels, out_channels, 1, bias=False)
        self.value = nn.Conv2d(out_channels, out_channels, 1, bias=False)
        self.project = nn.Conv2d(out_channels, out_channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = SHORTCUTS[shortcut](in_channels, out_channels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        y = self.relu1(self.bn1(self.conv(x)))
        height, width = y.shape[-2:]
        around = F.adaptive_avg_pool2d(y, (min(self.grid, height), min(self.grid, width)))
        query, key, value = (
            self._by_head(part) for part in (self.query(y), self.key(around), self.value(around))
        )
        found = F.scaled_dot_product_attention(query, key, value)
        found = found.transpose(2, 3).reshape(y.shape)
        z: Tensor = self.relu2(self.bn2(self.project(found)) + self.shortcut(x))
        return z

    def _by_head(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, heads, H W, C / heads)."""
        batch, channels = x.shape[:2]
        return x.reshape(batch, self.heads, channels // self.heads, -1).transpose(2, 3)
