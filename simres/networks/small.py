"""The paper's other baselines: LeNet-5 and AlexNet, for small images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class LeNet5(nn.Module):
    """LeCun et al. 1998 with the ReLU and max pooling used today: (N, channels, 32, 32) -> (N, classes).

    61,706 parameters for one channel and ten classes.
    """

    def __init__(self, classes: int = 10, channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 6, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, 32, 32) -> logits (N, classes)."""
        logits: Tensor = self.classifier(torch.flatten(self.features(x), 1))
        return logits


class AlexNet(nn.Module):
    """AlexNet as the paper uses it (arXiv:1404.5997): (N, channels, 64, 64) -> (N, classes).

    First layer 11 x 11, stride 4, padding 2. The last pooling leaves one pixel, which is repeated to the
    6 x 6 that the classifier takes: 57,044,810 parameters for three channels and ten classes.
    """

    def __init__(self, classes: int = 10, channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 64, 11, 4, 2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        self.pool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, 64, 64) -> logits (N, classes)."""
        logits: Tensor = self.classifier(torch.flatten(self.pool(self.features(x)), 1))
        return logits


SMALL: dict[str, Callable[..., Any]] = {"lenet5": LeNet5, "alexnet": AlexNet}
"""Constructors by name; each is called as (classes, channels)."""
