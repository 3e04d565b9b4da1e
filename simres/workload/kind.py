"""An entry of the table of operators: the kind's unit, its cost, what it reads, how it can be cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from simres.workload import reading
from simres.workload.operators import Loops, Unit
from simres.workload.reaches import Along, Reads, Shape
from simres.workload.reading import Call, Reading


class Per(StrEnum):
    """What a cost is multiplied by."""

    OUTPUT = "element of the output"
    INPUT = "element of the input"
    WINDOW = "input in the window of each output"
    STEP = "operation of the algorithm, or sample"
    LEVEL = "element, and level of a binary tree over them (log2, rounded up)"


@dataclass(frozen=True, slots=True)
class Cost:
    """`ops` vector operations per element, and the reason for the number."""

    ops: int
    per: Per
    reason: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of operator.

    `reads` gives the reach of each input. With `weights`, the second input has a share for each part of the
    output's column. `maps` says whether it produces maps (batch, channels, axes...); None: like its input.

    Of a matrix operator, `extents` are the counts of its loop nest that belong to each axis of the output (by
    default its shape), and `loops` makes a tile's loop nest of the operator's and the counts of the tile.
    Without it, the loop nest of a tile is unknown.

    Of a normalisation, `statistics` are the vector operations per element that gather its statistics; the
    rest of its cost applies them (`simres.passes.two_passes`).

    `sources` are the names in exported graphs of operators whose cost depends on shapes alone.
    """

    name: str
    unit: Unit
    cost: Cost | None = None
    reads: Reading = reading.all_of_it
    weights: bool = False
    maps: bool | None = None
    extents: Callable[[Call], Shape] | None = None
    loops: Callable[[Call, Loops, Shape], Loops] | None = None
    sources: tuple[str, ...] = ()
    statistics: int = 0

    def rules(self, call: Call, place: int) -> Reads:
        """The rules of one input of an operator; where they are not of its form, all of it is read."""
        found, rank, made = self.reads(call, place), len(call.inputs[place]), len(call.output)
        fits = len(found) == rank and all(rule.axis < made for rule in found if isinstance(rule, Along))
        return found if fits else reading.all_of_it(call, place)

    @property
    def elementwise(self) -> bool:
        """Whether each element is made of one element of each operand that is not broadcast."""
        return self.reads is reading.elementwise

    @property
    def may_look_up(self) -> bool:
        """Whether rows may be looked up in an input."""
        return self.reads in (reading.gather, reading.stated)

    @property
    def reduces(self) -> bool:
        """Whether its output is made of statistics over the input, or is the statistics themselves."""
        return self.statistics > 0 or self.reads is reading.reduction

    @property
    def pooling(self) -> bool:
        """Whether it slides a window over maps, channel by channel."""
        return self.reads is reading.pooling


def overloads(names: str) -> tuple[str, ...]:
    """Returns operators' names in exported graphs; one without an overload has the usual one, `default`."""
    return tuple(name if "." in name else f"{name}.default" for name in names.split())
