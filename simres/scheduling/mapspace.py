"""The mapspace: every way to run a few groups of operators as one stage, with its cost in closed form.

A stage runs in *bands* or in *tiles*. In bands, all operators are cut into rows; of each map between them
only the rows that are still to be read exist, and all weights stay while the stage runs. In *slices* of
channels, a wide map between two operators never exists as a whole either; in *links*, attention runs head by
head. In tiles, one group is cut into rows, columns and chunks of its sum; data that the inner loop does not
change stays, the rest is loaded again.

All bytes are those of the largest tile, including halos. The memory only removes options that do not fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from simres.scheduling.bands import in_bands
from simres.scheduling.cuts import split
from simres.scheduling.links import in_links
from simres.scheduling.options import MOST_BANDS, Option, counts
from simres.scheduling.outline import Outline
from simres.scheduling.slices import in_slices
from simres.scheduling.tiles import in_tiles

LONGEST = 10
"""The most groups in a stage."""

SLICES, MOST_SLICED = (2, 4, 8, 16, 32), 4
"""The numbers of slices of channels that are tried, and the most groups of a stage in slices."""


class Mapspace:
    """The options of every stage of a network, in one or several orders of its groups."""

    def __init__(self, *outlines: Outline) -> None:
        self.outlines = outlines
        self._bands: dict[object, list[tuple[Option, list[Option]]]] = {}
        self._tiles: dict[object, list[Option]] = {}
        self._known: dict[object, list[Option]] = {}
        self._forms: dict[tuple[int, int, int], object] = {}

    def options(self, first: int, end: int, capacity: int, order: int = 0) -> list[Option]:
        """The options of the stage of groups `first` to `end` - 1, in at most `capacity` bytes."""
        outline, form = self.outlines[order], self.form(first, end, order)
        numbers = outline.numbers(first, end)
        members = outline.groups.members[first:end]
        found = self._known.get((form, capacity))
        if found is None:
            ways = self._all(outline, form, numbers, list(members), capacity)
            found = self._known[form, capacity] = [way for way in ways if way.held + way.whole <= capacity]
        return found

    def form(self, first: int, end: int, order: int = 0) -> object:
        """The form of a stage: stages of equal form have the same options."""
        found = self._forms.get((first, end, order))
        if found is None:
            outline = self.outlines[order]
            sizes = tuple(map(len, outline.groups.members[first:end]))
            found = self._forms[first, end, order] = sizes, outline.form(outline.numbers(first, end))
        return found

    def _all(
        self,
        outline: Outline,
        form: object,
        numbers: list[int],
        members: list[tuple[int, ...]],
        capacity: int,
    ) -> Iterator[Option]:
        single = len(members) == 1
        weights = {
            name for number in numbers for name in outline.inputs[number] if name in outline.weight_bytes
        }
        if single or sum(outline.weight_bytes[name] for name in weights) <= capacity:
            if form not in self._bands:
                self._bands[form] = [(option, []) for option in _bands_of(outline, numbers)]
            for option, sliced in self._bands[form]:
                yield option
                if not single and len(members) <= MOST_SLICED and 2 * option.held > capacity:
                    if not sliced:
                        bands = option.turns
                        several = (in_bands(outline, numbers, bands, slices) for slices in SLICES)
                        sliced += [option for option in several if option is not None]
                    yield from sliced
        if form not in self._tiles:
            ways: Iterator[Option] = iter(())
            if single:
                ways = in_tiles(outline, numbers)
            elif len(members) <= MOST_SLICED:
                ways = in_slices(outline, members)
            self._tiles[form] = [*ways, *(() if single else in_links(outline, numbers))]
        yield from self._tiles[form]


def _bands_of(outline: Outline, numbers: list[int]) -> Iterator[Option]:
    rows = min(outline.rows[number] for number in numbers)
    axes = outline.axes[numbers[0]]
    for bands in sorted({prod(split(axes, count, 1)) for count in counts(rows, MOST_BANDS, fine=True)}):
        option = in_bands(outline, numbers, bands)
        if option is not None:
            yield option
