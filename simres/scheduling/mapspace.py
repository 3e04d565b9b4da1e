"""The mapspace: every way to run a few groups of operators as one stage, with what it takes, in closed form.

A stage runs in *bands* or in *tiles*. In bands, all its operators are cut into rows; of a map between them
only the rows exist that are still to be read, and the weights of all stay for as long as the stage runs. In
*slices* of channels, a wide map between two operators never exists as a whole either. In tiles, one group is
cut into rows, columns and chunks of its sum; what the inner loop does not change stays, the rest is loaded
again.

All bytes are those of the largest tile, halos included. The memory only removes options that do not fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from simres.scheduling.bands import in_bands
from simres.scheduling.cuts import split
from simres.scheduling.options import MOST_BANDS, Option, counts, thinned
from simres.scheduling.outline import Outline
from simres.scheduling.slices import in_slices
from simres.scheduling.tiles import in_tiles

LONGEST = 10
"""The most groups in a stage."""

SLICES, MOST_SLICED = (2, 4, 8, 16, 32), 4
"""In how many slices of channels a stage is tried, and of at most how many groups."""


class Mapspace:
    """The options of every stage of a network for memories of at most `capacity` bytes."""

    def __init__(self, outline: Outline, capacity: int) -> None:
        self.outline = outline
        self.capacity = capacity
        self._known: dict[object, list[Option]] = {}

    def options(self, first: int, end: int) -> list[Option]:
        """The options of the stage of groups `first` up to, not with, `end`."""
        numbers = self.outline.numbers(first, end)
        members = self.outline.groups.members[first:end]
        key = (tuple(map(len, members)), self.outline.form(numbers))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = thinned(
                [option for option in self._all(numbers, list(members)) if option.held <= self.capacity]
            )
        return found

    def _all(self, numbers: list[int], members: list[tuple[int, ...]]) -> Iterator[Option]:
        outline, single = self.outline, len(members) == 1
        weights = {
            name for number in numbers for name in outline.inputs[number] if name in outline.weight_bytes
        }
        if single or sum(outline.weight_bytes[name] for name in weights) <= self.capacity:
            rows = min(outline.rows[number] for number in numbers)
            axes = outline.axes[numbers[0]]
            for bands in sorted(
                {prod(split(axes, count, 1)) for count in counts(rows, MOST_BANDS, fine=True)}
            ):
                option = in_bands(outline, numbers, bands)
                if option is None:
                    continue
                yield option
                if not single and len(members) <= MOST_SLICED and 2 * option.held > self.capacity:
                    sliced = (in_bands(outline, numbers, bands, slices) for slices in SLICES)
                    yield from (option for option in sliced if option is not None)
        if single:
            yield from in_tiles(outline, numbers)
        elif len(members) <= MOST_SLICED:
            yield from in_slices(outline, members)
