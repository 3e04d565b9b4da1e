"""Labels: ways to run a prefix of a network, without those that cannot lead to the best schedule."""

from __future__ import annotations

from enum import Enum
from operator import le
from typing import NamedTuple

from simres.scheduling.group_order import Off
from simres.scheduling.options import Option


class Label(NamedTuple):
    """One way to run a prefix of the network.

    `resident` bytes of live maps are on chip, and `moved` bytes went over the bus. Times are in picoseconds:
    the computation finishes at `ends`, the matrix unit is free from `matrix_ends`, and the first part of the
    result is available at `flows`. From `bus_ends` the bus can serve later stages, as far as the memory has
    room. `bus`, `matrix` and `host` are the total busy times of these engines.

    The last stage has the operators `numbers`, runs with `option`, and holds at most `limit` bytes; `off` are
    the maps read by it that are partly off-chip. `steps` counts the steps of all stages.
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
    """The quantity to minimise."""

    BYTES = "bytes"
    """The bytes moved."""
    BUSIEST = "busiest"
    """The time of the busiest engine."""
    END = "end"
    """When all is done."""

    def of(self, label: Label) -> int:
        """The value of the aim for a label."""
        return {Aim.BYTES: label.moved, Aim.BUSIEST: label.busiest, Aim.END: label.end}[self]


START = Label(0, 0, 0, 0, 0, 0, 0, 0, 0)
"""Nothing has run."""


def best_for_aim(labels: list[Label], aim: Aim, byte_ps: float) -> list[Label]:
    """The labels that no other label is certain to beat on the aim.

    A label with more bytes on chip may have to store the difference; the comparison counts that cost.
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
    """The labels that no other label dominates, even if the other has to store its additional bytes on chip.

    If more than `width` remain, bytes on chip no longer count against a label, and of those that then remain
    the ones with the least times are kept.
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
    """Of labels sorted by their end, those that no earlier one beats."""
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
