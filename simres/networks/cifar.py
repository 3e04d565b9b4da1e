"""The CIFAR residual networks of He et al. 2015 (arXiv:1512.03385, section 4.2) and their plain twins.

A stem of 16 channels, then three stages of n blocks with 16, 32 and 64 channels at 32 x 32, 16 x 16 and 8 x 8
pixels, global average pooling and one linear layer: with two layers per block, 6n + 2 with weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simres.networks.blocks import BlockFactory, trait

STAGES = (16, 32, 64)
"""Channels of the three stages; a block's `expansion` multiplies its output channels."""


class CifarNet(nn.Module):
    """A stem, three stages of blocks, global average pooling and a classifier.

    (N, channels, H, W) -> (N, classes). Convolutions start from Kaiming's normal distribution (fan out), as
    in the paper's reference [13]. Where blocks are `preactivated`, the norm and ReLU of the stem come after
    the last block instead.
    """

    def __init__(
        self, blocks_per_stage: int, block: BlockFactory, classes: int = 10, channels: int = 3
    ) -> None:
        super().__init__()
        expansion = int(trait(block, "expansion", 1))
        self.preactivated = bool(trait(block, "preactivated", False))
        self.conv = nn.Conv2d(channels, STAGES[0], 3, 1, 1, bias=False)
        if not self.preactivated:
            self.bn = nn.BatchNorm2d(STAGES[0])
            self.relu = nn.ReLU()
        blocks: list[nn.Module] = []
        width = STAGES[0]
        for stage, stage_width in enumerate(STAGES):
            for position in range(blocks_per_stage):
                stride = 2 if stage > 0 and position == 0 else 1
                blocks.append(block(width, stage_width * expansion, stride))
                width = stage_width * expansion
        for number, made in enumerate(blocks, 1):
            if callable(told := getattr(made, "placed", None)):
                told(number, len(blocks))
        self.layers = nn.Sequential(*blocks)
        if self.preactivated:
            self.bn = nn.BatchNorm2d(width)
            self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) -> logits (N, classes)."""
        x = self.conv(x)
        x = x if self.preactivated else self.relu(self.bn(x))
        x = self.layers(x)
        x = self.relu(self.bn(x)) if self.preactivated else x
        logits: Tensor = self.fc(torch.flatten(self.pool(x), 1))
        return logits
