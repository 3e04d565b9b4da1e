"""Search over stage boundaries: a dynamic program that keeps the unbeaten ways to run each prefix.

The state at a boundary is how many bytes of the live maps are on chip. Of what is off-chip, the maps that the
next stage passes by count first. A stage takes what its closed forms say (`simres.scheduling.mapspace`); what
it made and does not fit is stored, and loaded by whoever reads it.

Two ways to run the same prefix are compared by their times on each engine and the bytes on chip. `barrier`
adds up the stages as if each ended before the next began, with the loads of the first tile and the stores of
the last one in the open: n turns of a pipeline take the longest of its engines, and an nth of the others.

`StageSearch.run` keeps a few ways for each prefix, `StageSearch.least` all that may still come to the least
of one aim: what it finds is optimal in the mapspace. (`plugins/simres-exact` has a model of the same problem
for a solver, and judges it.)
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from enum import Enum
from operator import le
from typing import NamedTuple

from simres.scheduling.costs import Costs
from simres.scheduling.cuts import Cut
from simres.scheduling.mapspace import LONGEST, Mapspace
from simres.scheduling.options import Option
from simres.scheduling.plans import Plan
from simres.workload.operators import Unit

WIDTH = 4
"""How many ways to run a prefix are kept."""

MOST = 1 << 15
"""How many ways to run a prefix are looked at, at most, where all are."""

LARGE = 1 << 20
"""Bytes by which the time for a byte is told."""

STEPS = 1 << 16
"""So many steps count as much as the whole run: a step that gains less is not worth looking at."""


class Stage(NamedTuple):
    """What every option of a stage has in common, in bytes.

    `maps` are those read, by `Outline.maps`. Of the live maps some are `passing` by unread; of those `read`,
    some are `kept` for later stages; `made` are live after it, `left` are outputs of the network.
    """

    maps: list[int]
    passing: int
    read: int
    kept: int
    made: int
    left: int


class Label(NamedTuple):
    """One way to have run a prefix: bytes of live maps on chip, picoseconds by engine, bytes moved."""

    resident: int
    bus: int
    matrix: int
    host: int
    barrier: int
    moved: int
    before: Label | None = None
    first: int = 0
    option: Option | None = None
    streamed: bool = False

    @property
    def busiest(self) -> int:
        """The time of the busiest engine."""
        return max(self.bus, self.matrix, self.host)


class Aim(Enum):
    """What is to be least."""

    BYTES = "bytes"
    """The bytes moved."""
    BARRIER = "barrier"
    """The stages' times, one after the other."""
    BUSIEST = "busiest"
    """The time of the busiest engine."""

    def of(self, label: Label) -> int:
        """How much of it a way to run a prefix has."""
        return {Aim.BYTES: label.moved, Aim.BARRIER: label.barrier, Aim.BUSIEST: label.busiest}[self]


class TooMany(Exception):
    """There are too many ways to run a network to look at all."""


class StageSearch:
    """The search for one network on one chip."""

    def __init__(self, space: Mapspace, costs: Costs) -> None:
        self.space = space
        self.costs = costs
        self.outline = outline = space.outline
        self.count = len(outline.groups.members)
        self.live = [{name: outline.tensors[name].nbytes for name in names} for names in outline.groups.live]
        self.live_bytes = [sum(found.values()) for found in self.live]
        self.outputs = {outline.workload.storage(name) for name in outline.workload.outputs}
        self.step_ps = costs.least_ps(outline.workload) / STEPS
        self._stages: dict[tuple[int, int], Stage] = {}
        self._options: dict[tuple[int, int], list[tuple[Option, int, int]]] = {}
        self._prices: dict[tuple[object, ...], int] = {}

    def on(self, costs: Costs) -> StageSearch:
        """The same search on a chip with the same matrix units and hosts."""
        found = copy(self)
        found.costs = costs
        found.step_ps = costs.least_ps(self.outline.workload) / STEPS
        return found

    def run(self, capacity: int, *, fill: float = 1.0, longest: int = LONGEST) -> list[Label]:
        """Ways to run the network in so many bytes; none where no way fits.

        `fill` is how much of a pipeline's beginning and end is taken to be in the open, and `longest` the
        most groups in a stage.
        """
        return self._run(capacity, fill, longest, lambda labels: _unbeaten(labels, WIDTH))

    def least(
        self, capacity: int, aim: Aim, *, fill: float = 1.0, longest: int = LONGEST, most: int = MOST
    ) -> Label | None:
        """The way to run the network in so many bytes that has the least of its aim in all the mapspace.

        None where no way fits. Raises `TooMany` where more than `most` ways to run prefixes would have to be
        looked at.
        """
        byte_ps = self.costs.bus_ps(LARGE, 0) / LARGE
        labels = self._run(capacity, fill, longest, lambda found: _front(found, aim, byte_ps), most)
        return min(labels, key=aim.of, default=None)

    def _run(
        self,
        capacity: int,
        fill: float,
        longest: int,
        unbeaten: Callable[[list[Label]], list[Label]],
        most: int | None = None,
    ) -> list[Label]:
        fronts: list[list[Label]] = [[] for _ in range(self.count + 1)]
        fronts[0] = [Label(0, 0, 0, 0, 0, 0)]
        seen = 0
        for first in range(self.count):
            front = unbeaten(fronts[first])
            fronts[first] = []
            for end in range(first + 1, min(self.count, first + longest) + 1) if front else ():
                options = self.priced(first, end)
                if not options:
                    break
                seen += len(front) * len(options)
                if most is not None and seen > most:
                    raise TooMany
                fronts[end] += self._extended(front, options, first, end, capacity, fill)
        return unbeaten(fronts[self.count])

    def _extended(
        self,
        front: list[Label],
        options: list[tuple[Option, int, int]],
        first: int,
        end: int,
        capacity: int,
        fill: float,
    ) -> list[Label]:
        stage = self.stage(first, end)
        live = self.live_bytes[first]
        found = []
        for option, matrix, host in options:
            if option.held > capacity:
                continue
            leading = sum([stage.maps[place] for place in option.streamed])
            for label in front:
                step = _step(label.resident, option, stage, live, leading, capacity)
                if step is None:
                    continue
                resident, moved, streamed = step
                bus = self.costs.bus_ps(moved, option.transfers)
                largest = max(bus, matrix, host)
                open_ps = fill * (bus + matrix + host - largest) / option.turns
                barrier = label.barrier + largest + int(open_ps + option.steps * self.step_ps)
                found.append(
                    Label(
                        resident,
                        label.bus + bus,
                        label.matrix + matrix,
                        label.host + host,
                        barrier,
                        label.moved + moved,
                        label,
                        first,
                        option,
                        streamed,
                    )
                )
        return found

    def plan(self, label: Label) -> Plan:
        """The plan of a way to run the network."""
        outline = self.outline
        stages: list[tuple[int, ...]] = []
        cuts: list[tuple[int, Cut]] = []
        streamed: set[int] = set()
        end = self.count
        at: Label | None = label
        while at is not None and at.option is not None:
            numbers = outline.numbers(at.first, end)
            stages.append(tuple(numbers))
            cuts += zip(numbers, at.option.cuts, strict=True)
            if at.streamed:
                streamed.update(numbers)
            end, at = at.first, at.before
        return Plan(tuple(reversed(stages)), tuple(cuts), frozenset(streamed))

    def stage(self, first: int, end: int) -> Stage:
        """What the options of groups `first` up to, not with, `end` have in common."""
        found = self._stages.get((first, end))
        if found is None:
            outline, before, after = self.outline, self.live[first], self.live[end]
            numbers = outline.numbers(first, end)
            maps = outline.maps(numbers)
            passing = sum(nbytes for name, nbytes in before.items() if name not in maps)
            kept = sum(before.get(name, 0) for name in maps if name in after)
            made = sum(nbytes for name, nbytes in after.items() if name not in before)
            left = sum(
                outline.tensors[name].nbytes
                for number in numbers
                for name in outline.ops[number].outputs
                if name in self.outputs
            )
            nbytes = [before.get(name, 0) for name in maps]
            found = self._stages[first, end] = Stage(nbytes, passing, sum(nbytes), kept, made, left)
        return found

    def priced(self, first: int, end: int) -> list[tuple[Option, int, int]]:
        """The options of a stage, with their picoseconds on the matrix unit and on the host."""
        found = self._options.get((first, end))
        if found is None:
            numbers = self.outline.numbers(first, end)
            found = self._options[first, end] = [
                (option, *self._took(numbers, option.cuts)) for option in self.space.options(first, end)
            ]
        return found

    def _took(self, numbers: list[int], cuts: tuple[Cut, ...]) -> tuple[int, int]:
        outline, prices = self.outline, self._prices
        took = {Unit.MATRIX: 0, Unit.HOST: 0}
        for number, cut in zip(numbers, cuts, strict=True):
            unit = outline.ops[number].unit
            if unit not in took:
                continue
            key = (outline.forms[number], cut.parts, cut.chunks)
            price = prices.get(key)
            if price is None:
                price = prices[key] = self.costs.tiles_ps(outline.calls[number], cut.parts, cut.chunks)
            took[unit] += price
        return took[Unit.MATRIX], took[Unit.HOST]


def _step(
    resident: int, option: Option, stage: Stage, live: int, leading: int, capacity: int
) -> tuple[int, int, bool] | None:
    """Bytes on chip after a stage, bytes moved, and whether it streams maps from off-chip; None if it does
    not fit.

    `resident` of the `live` bytes are on chip before, and the maps that it streams have `leading`.
    """
    room = capacity - option.held
    stay = min(resident, room - max(0, option.whole - leading))
    if live - stay <= stage.passing + stage.read - leading:
        space = room  # all that it streams is on chip
    else:
        space = room - option.stream
        stay = min(resident, space, live - leading) if option.strips else min(resident, space)
        missing = option.whole - max(0, leading - max(0, live - stay - stage.passing))
        if missing > 0:
            stay = min(stay, space - missing)
    if stay < 0:
        return None
    off = live - stay
    off_read = max(0, off - stage.passing)
    on_passing, on_read = max(0, stage.passing - off), stage.read - off_read
    off_leading = min(off_read, leading)
    on_leading = leading - off_leading
    missing = max(0, option.whole - on_leading)
    kept = min(stage.kept, on_read)
    if stay + missing > space:
        return None
    grown = min(stage.made, space - on_passing - max(kept, min(on_leading, option.whole)) - missing)
    if grown < 0:
        return None
    loaded = option.weights + int(off_leading * option.times) + off_read - off_leading
    stored = resident - stay + stage.made - grown + stage.left
    return on_passing + kept + grown, loaded + stored, off_read > 0


def _front(labels: list[Label], aim: Aim, byte_ps: float) -> list[Label]:
    """The labels of which no other is sure to come to less of the aim.

    One with more bytes on chip may have to store what it has more, and is as good even so: that counts.
    """

    def costs(label: Label) -> tuple[float, ...]:
        if aim is Aim.BYTES:
            return (label.moved + label.resident,)
        evicted = label.resident * byte_ps
        if aim is Aim.BARRIER:
            return (label.barrier + evicted,)
        return label.bus + evicted, label.matrix, label.host

    found: list[tuple[int, tuple[float, ...], Label]] = []
    for cost, _, place in sorted((costs(one), -one.resident, at) for at, one in enumerate(labels)):
        resident = labels[place].resident
        for most, other, _ in found:
            if most >= resident and all(map(le, other, cost)):
                break
        else:
            found.append((resident, cost, labels[place]))
    return [label for _, _, label in found]


def _unbeaten(labels: list[Label], width: int) -> list[Label]:
    """The labels that no other beats in every respect; of many, those of the least times."""
    labels.sort(key=lambda one: (one.barrier, one.bus, -one.resident))
    found: list[Label] = []
    for one in labels:
        for other in found:
            if (
                other.resident >= one.resident
                and other.bus <= one.bus
                and other.matrix <= one.matrix
                and other.host <= one.host
            ):
                break
        else:
            found.append(one)
            if len(found) > 4 * width:
                break
    if len(found) <= width:
        return found
    half = width // 2
    return found[:half] + sorted(found[half:], key=lambda one: one.busiest)[: width - half]
