"""Measures the accuracy of a network on images that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own convention)
from torch import Tensor, nn

from simres.training.augment import Batches

BATCH = 500
"""Images per batch."""


@dataclass(frozen=True, slots=True)
class Scores:
    """`confusion[true][predicted]` counts images; `loss` is their mean cross-entropy."""

    loss: float
    confusion: tuple[tuple[int, ...], ...]

    @property
    def images(self) -> int:
        """The number of evaluated images."""
        return sum(map(sum, self.confusion))

    @property
    def accuracy(self) -> float:
        """The share of correctly classified images, 0 to 1."""
        return sum(row[true] for true, row in enumerate(self.confusion)) / max(self.images, 1)

    def precision(self, label: int) -> float | None:
        """Returns the share of images predicted as a class that belong to it; None if none were predicted."""
        said = sum(row[label] for row in self.confusion)
        return self.confusion[label][label] / said if said else None

    def recall(self, label: int) -> float | None:
        """Returns the share of a class's images that were predicted as it; None where the class has none."""
        there = sum(self.confusion[label])
        return self.confusion[label][label] / there if there else None


@torch.no_grad()
def evaluate(module: nn.Module, batches: Batches, classes: int, rows: range | None = None) -> Scores:
    """Returns the scores of `module`, in evaluation mode, on all images or on `rows` of them.

    The module's mode is restored.
    """
    rows = range(len(batches)) if rows is None else rows
    device = batches.images.device
    counts = torch.zeros(classes * classes, dtype=torch.int64, device=device)
    loss = torch.zeros((), dtype=torch.float64, device=device)
    training = module.training
    module.eval()
    try:
        for start in range(rows.start, rows.stop, BATCH):
            x, labels = batches.plain(start, min(start + BATCH, rows.stop))
            logits = module(x).float()
            loss += F.cross_entropy(logits, labels, reduction="sum").double()
            counts += torch.bincount(labels * classes + logits.argmax(1), minlength=classes * classes)
    finally:
        module.train(training)
    return scores(counts.reshape(classes, classes), loss)


def scores(counts: Tensor, loss: Tensor) -> Scores:
    """Returns the scores of a matrix of counts and a summed loss."""
    rows: Sequence[Sequence[int]] = counts.tolist()
    return Scores(float(loss) / max(int(counts.sum()), 1), tuple(tuple(row) for row in rows))
