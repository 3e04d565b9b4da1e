"""Ways to have run a prefix of a network, and which of them may still lead to the best."""

from __future__ import annotations

from enum import Enum
from operator import le
from typing import NamedTuple

from simres.scheduling.group_order import Off
from simres.scheduling.options import Option


class Label(NamedTuple):
    """One way to have run a prefix of the network.

    `resident` bytes of live maps are on chip, and `moved` bytes went over the bus. Times are in picoseconds:
    the computation `ends`, the matrix unit is free from `matrix_ends`, and the first of the result is there
    when it `flows`. From `bus_ends` the bus can work for what follows, as far as the memory has room for it.
    `bus`, `matrix` and `host` are the times that these engines take in all.

    The last stage has the operators `numbers`, runs as its `option` says, and holds at most `limit` bytes;
    `off` says which of the maps that it reads are not all on chip. All stages have so many `steps`.
    """

    resident: int
    ends: int
    matrix_ends: int
    flows: int
    bus_ends: int
    bus: int
    matrix: int
    host: int
    moved: int
    before: Label | None = None
    numbers: tuple[int, ...] = ()
    option: Option | None = None
    off: Off = Off.NONE
    limit: int = 0
    steps: int = 0

    @property
    def busiest(self) -> int:
        """The time of the busiest engine."""
        return max(self.bus, self.matrix, self.host)

    @property
    def end(self) -> int:
        """When all is done."""
        return max(self.ends, self.bus_ends)


class Aim(Enum):
    """What is to be least."""

    BYTES = "bytes"
    """The bytes moved."""
    BUSIEST = "busiest"
    """The time of the busiest engine."""
    END = "end"
    """When all is done."""

    def of(self, label: Label) -> int:
        """How much of it a way to run a prefix has."""
        return {Aim.BYTES: label.moved, Aim.BUSIEST: label.busiest, Aim.END: label.end}[self]


START = Label(0, 0, 0, 0, 0, 0, 0, 0, 0)
"""Nothing has run."""


def best_for_aim(labels: list[Label], aim: Aim, byte_ps: float) -> list[Label]:
    """The labels of which no other is sure to come to less of the aim.

    One with more bytes on chip may have to store what it has more, and is as good even so: that counts.
    """

    def costs(label: Label) -> tuple[float, ...]:
        evicted = label.resident * byte_ps
        if aim is Aim.BYTES:
            return (label.moved + label.resident,)
        if aim is Aim.BUSIEST:
            return label.bus + evicted, label.matrix, label.host
        return label.ends, label.matrix_ends, label.flows, label.bus_ends + evicted

    found: list[tuple[int, tuple[float, ...], Label]] = []
    for cost, _, place in sorted((costs(one), -one.resident, at) for at, one in enumerate(labels)):
        resident = labels[place].resident
        for most, other, _ in found:
            if most >= resident and all(map(le, other, cost)):
                break
        else:
            found.append((resident, cost, labels[place]))
    return [label for _, _, label in found]


def unbeaten(labels: list[Label], width: int, byte_ps: float) -> list[Label]:
    """The labels that no other beats in every respect, even if it has to store what it has more on chip.

    Where these are more than `width`, bytes on chip count as no burden, and of those still left the ones of
    the least times are kept.
    """
    labels.sort(key=lambda one: (one.ends, one.flows, one.bus_ends, -one.resident))
    found = _not_beaten(labels, byte_ps)
    if len(found) > width:
        found = _not_beaten(found, 0)
    if len(found) <= width:
        return found
    half = width // 2
    return found[:half] + sorted(found[half:], key=lambda one: one.bus_ends)[: width - half]


def _not_beaten(labels: list[Label], byte_ps: float) -> list[Label]:
    """Of labels sorted by their end, those that none before them beats."""
    found: list[Label] = []
    for one in labels:
        for other in found:
            if (
                other.resident >= one.resident
                and other.bus_ends + (other.resident - one.resident) * byte_ps <= one.bus_ends
                and other.flows <= one.flows
                and other.matrix_ends <= one.matrix_ends
            ):
                break
        else:
            found.append(one)
    return found
