"""Makes batches of images for a network: normalised, cropped, mirrored, on the device of the images."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own convention)
from torch import Tensor

from simres.training.recipe import Flip, Padding, Recipe

_MIX = 0x9E3779B97F4A7C15
"""2^64 / golden ratio: consecutive numbers end up far apart (Knuth, TAOCP 3, section 6.4)."""


def seed_of(*numbers: int) -> int:
    """Returns one seed from several numbers, such as (seed, step): randomness depends on these alone."""
    mixed = 0
    for number in numbers:
        mixed = (mixed ^ (number + 1)) * _MIX % 2**64
        mixed ^= mixed >> 29
    return mixed % 2**63


class Batches:
    """Makes batches of a data set whose pixels are `images` (count, rows, columns, channels) uint8.

    It has no state: a training batch is a function of the seed, the epoch and the step.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        mean: Sequence[float],
        deviation: Sequence[float],
        recipe: Recipe,
    ) -> None:
        self.images, self.labels, self.recipe = images, labels, recipe
        self._moments = (mean, deviation)
        device = images.device
        self._scale = 1 / (255 * torch.tensor(deviation, device=device))
        self._shift = -torch.tensor(mean, device=device) / torch.tensor(deviation, device=device)

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> Batches:
        """Returns the same batches on another device."""
        if device == self.images.device:
            return self
        mean, deviation = self._moments
        return Batches(self.images.to(device), self.labels.to(device), mean, deviation, self.recipe)

    def order(self, epoch: int) -> Tensor:
        """Returns the order of the images in an epoch."""
        generator = torch.Generator().manual_seed(seed_of(self.recipe.seed, 1, epoch))
        return torch.randperm(len(self), generator=generator)

    def plain(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Returns the normalised images (n, channels, rows, columns) and classes (n,) of these rows."""
        return self._arranged(self._normal(self.images[start:stop])), self.labels[start:stop]

    def rows(self, rows: Sequence[int]) -> Tensor:
        """Returns the normalised images (n, channels, rows, columns) of any rows."""
        return self._arranged(self._normal(self.images[torch.as_tensor(rows)]))

    def augmented(self, rows: Tensor, epoch: int, step: int, part: slice) -> tuple[Tensor, Tensor]:
        """Returns images and classes of `rows`, cropped and mirrored according to the recipe.

        `step` counts over the whole run. `part` selects the rows to make; random numbers are drawn for the
        whole batch, so that several processes together see what one alone would.
        """
        count = len(rows)
        generator = torch.Generator().manual_seed(seed_of(self.recipe.seed, 2, step))
        reach = self.recipe.reach(epoch)
        offsets = torch.randint(0, 2 * reach + 1, (2, count), generator=generator)[:, part]
        mirrored = self._mirrored(rows, epoch, generator)[part]
        holes = torch.rand((2, count), generator=generator)[:, part]
        rows = rows[part]
        device = self.images.device
        here = rows.to(device)
        x = self._normal(self.images.index_select(0, here))
        x = self._cut(x, reach, offsets.to(device), mirrored.to(device))
        if self.recipe.cutout and not self.recipe.whole(epoch):
            self._blank(x, holes.to(device))
        return self._arranged(x), self.labels.index_select(0, here)

    def _mirrored(self, rows: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        if self.recipe.flip is Flip.RANDOM:
            return torch.rand(len(rows), generator=generator) < 0.5
        if self.recipe.flip is Flip.NONE:
            return torch.zeros(len(rows), dtype=torch.bool)
        first = torch.Generator().manual_seed(seed_of(self.recipe.seed, 3))
        sides = torch.randint(0, 2, (len(self),), generator=first)
        return (sides[rows] + epoch) % 2 == 1

    def _normal(self, images: Tensor) -> Tensor:
        return images.to(torch.float32).mul_(self._scale).add_(self._shift)

    def _cut(self, x: Tensor, crop: int, offsets: Tensor, mirrored: Tensor) -> Tensor:
        """Returns a same-sized window at `offsets` of each image (n, rows, columns, channels), padded."""
        count, height, width, _ = x.shape
        if not crop and not bool(mirrored.any()):
            return x
        columns = torch.arange(width, device=x.device).expand(count, width)
        columns = torch.where(mirrored[:, None], width - 1 - columns, columns) + offsets[1, :, None]
        lines = torch.arange(height, device=x.device) + offsets[0, :, None]
        padded = x
        if crop and self.recipe.padding is Padding.REFLECT:
            columns, lines = _reflected(columns - crop, width), _reflected(lines - crop, height)
        elif crop:
            padded = F.pad(x, (0, 0, crop, crop, crop, crop))
        each = torch.arange(count, device=x.device)[:, None, None]
        return padded[each, lines[:, :, None], columns[:, None, :]]

    def _blank(self, x: Tensor, at: Tensor) -> None:
        """Blanks, in place, a square centred anywhere in the image."""
        side = self.recipe.cutout
        _, height, width, _ = x.shape
        top = (at[0] * height).long() - side // 2
        left = (at[1] * width).long() - side // 2
        lines = torch.arange(height, device=x.device)
        columns = torch.arange(width, device=x.device)
        inside = ((lines >= top[:, None]) & (lines < top[:, None] + side))[:, :, None] & (
            (columns >= left[:, None]) & (columns < left[:, None] + side)
        )[:, None, :]
        x.masked_fill_(inside[..., None], 0.0)

    def _arranged(self, x: Tensor) -> Tensor:
        x = x.permute(0, 3, 1, 2)
        return x if self.recipe.channels_last else x.contiguous()


def _reflected(places: Tensor, size: int) -> Tensor:
    """Returns the pixel, of `size`, that replaces one beyond the edge: 1 for -1, size - 2 for size."""
    there = places.remainder(max(2 * size - 2, 1))
    return torch.where(there < size, there, 2 * size - 2 - there)
