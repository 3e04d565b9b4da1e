"""A design space: knobs of a scenario, their values, and the points of their grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from simres.errors import SimresError
from simres.exploration.knob_values import number_in, unit_of, values_in
from simres.text import shorten


@dataclass(frozen=True, slots=True)
class Knob:
    """A value of a scenario that varies: its dotted path, and its values as texts."""

    key: str
    values: tuple[str, ...]

    @property
    def unit(self) -> str:
        """The base unit of its values; empty where they are not quantities of one kind."""
        found = {unit_of(value) for value in self.values}
        return found.pop() if len(found) == 1 else ""

    @property
    def numbers(self) -> tuple[int | float, ...] | None:
        """Its values in base units; None where they are not all numbers."""
        found = [number_in(value) for value in self.values]
        return tuple(number for number in found if number is not None) if None not in found else None


@dataclass(frozen=True)
class DesignSpace:
    """The grid of several knobs. Point `n` counts through the last knob first."""

    knobs: tuple[Knob, ...]

    @cached_property
    def size(self) -> int:
        """The number of points."""
        return prod(len(knob.values) for knob in self.knobs)

    def places(self, point: int) -> tuple[int, ...]:
        """Returns the index of each knob's value at a point. Raises `IndexError` outside the grid."""
        if not 0 <= point < self.size:
            raise IndexError(point)
        found = []
        for knob in reversed(self.knobs):
            point, place = divmod(point, len(knob.values))
            found.append(place)
        return tuple(reversed(found))

    def point(self, places: Sequence[int]) -> int:
        """Returns the number of the point with these values; the inverse of `places`."""
        number = 0
        for knob, place in zip(self.knobs, places, strict=True):
            number = number * len(knob.values) + place
        return number

    def settings(self, point: int) -> dict[str, str]:
        """Returns the values at a point, by path."""
        return {
            knob.key: knob.values[place] for knob, place in zip(self.knobs, self.places(point), strict=True)
        }

    def order(self, slow: Sequence[str]) -> Iterator[int]:
        """Yields all points, with those that agree in the knobs `slow` next to each other."""
        ranks = sorted(range(len(self.knobs)), key=lambda at: (self.knobs[at].key not in slow, at))
        turned = DesignSpace(tuple(self.knobs[at] for at in ranks))
        for number in range(self.size):
            places = [0] * len(ranks)
            for at, place in zip(ranks, turned.places(number), strict=True):
                places[at] = place
            yield self.point(places)


def space_of(vary: Mapping[str, object]) -> DesignSpace:
    """Returns the space of these knobs, each with its values as on the command line or in a YAML file.

    Raises `SimresError`, naming the knob, for invalid values.
    """
    if not vary:
        raise SimresError(
            "no knob varies", 'name one: `--vary hardware.ddr.bandwidth="0.5,1,2,4 GB/s"`, once for each knob'
        )
    knobs = []
    for key, entry in vary.items():
        try:
            knobs.append(Knob(key, values_in(entry)))
        except SimresError as error:
            raise SimresError(f"--vary {shorten(key, 100)}: {error.message}", error.hint) from None
    return DesignSpace(tuple(knobs))
